//! Bans by the operator: whom they hold for, how long, and whom they spare.

use std::{
    io::Read as _,
    net::{IpAddr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    Bpffs, Namespace, Pair, Port12,
    addresses::{FAR, NEAR},
    build::other_build,
    frame::syn,
    lab, reaches,
    sockets::tcp_listener,
    until,
};

const FAR_TOO: &str = "10.12.0.3";

fn bans(bpffs: &Bpffs, near: &Namespace) -> Vec<Value> {
    serde_json::from_str(&bpffs.ok(near, "bans --output json")).unwrap()
}

/// What nmap makes of port 12 over TCP, from a source.
fn scan(far: &Namespace, source: &str) -> &'static str {
    let line =
        format!("nmap -Pn -n -sS -p12 -S {source} -e f0 --max-retries 0 --host-timeout 10s {NEAR}");
    let said = far.sh(&line);
    let state = |name| said.contains(&format!("12/tcp {name}")).then_some(name);
    state("closed").or(state("filtered")).unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn a_banned_source_is_dropped_with_its_next_packet_and_others_are_not() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, &pair.far);
        far.sh(&format!("ip addr add {FAR_TOO}/24 dev f0"));
        bpffs.ok(near, "attach -i w0");
        let from = |source: &str| scan(far, source);
        assert_eq!((from("10.12.0.2"), from(FAR_TOO)), ("closed", "closed"));
        bpffs.ok(near, "ban 10.12.0.2");
        assert_eq!((from("10.12.0.2"), from(FAR_TOO)), ("filtered", "closed"));
        let [ban] = &bans(&bpffs, near)[..] else { panic!("one ban") };
        assert_eq!((&ban["source"], &ban["packets"]), (&"10.12.0.2".into(), &1.into()));
        assert_eq!((&ban["origin"], &ban["remaining_seconds"]), (&"operator".into(), &Value::Null));
        let said = bpffs.ok(near, "unban 10.12.0.2 10.12.0.9");
        assert!(said.contains("10.12.0.2 is banned no longer"), "{said}");
        assert!(said.contains("10.12.0.9 was not banned"), "{said}");
        assert_eq!(from("10.12.0.2"), "closed");
        assert!(bans(&bpffs, near).is_empty());
    });
}

#[test]
fn a_ban_keeps_nobody_from_a_socket() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let _listener = pair.near.enter(|| tcp_listener(NEAR.into(), 12, None));
        let run = bpffs.run(&pair.near, "-i w0");
        bpffs.ok(&pair.near, "ban 10.12.0.2");
        assert!(!reaches(&pair.far_raw(), 28), "nobody has that port");
        pair.far.enter(|| {
            let to = SocketAddr::from((NEAR, 12));
            TcpStream::connect_timeout(&to, Duration::from_secs(5)).unwrap();
        });
        run.stop();
    });
}

#[test]
fn a_ban_ends_in_time_with_a_daemon_and_without() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let far = pair.far_raw();
        let ends = |sweeps: bool| {
            let began = Instant::now();
            bpffs.ok(&pair.near, "ban 10.12.0.2 --for 2s");
            assert!(!reaches(&far, 12));
            until("the end of the ban", || reaches(&far, 12).then_some(()));
            let lasted = began.elapsed();
            assert!(lasted > Duration::from_millis(1900), "{lasted:?}");
            assert!(lasted < Duration::from_millis(4000), "{lasted:?}");
            assert!(bans(&bpffs, &pair.near).is_empty());
            let kept = || pinned_bans(&bpffs);
            match sweeps {
                true => until("the sweep", || (kept() == 0).then_some(())),
                false => assert_eq!(kept(), 1),
            }
        };
        bpffs.ok(&pair.near, "attach -i w0");
        // The heartbeat of the attachment is fresh for two seconds; after that, a look-up proves it.
        ends(false);
        let run = bpffs.run(&pair.near, "-i w0 --pin");
        ends(true);
        run.stop();
    });
}

/// Entries of the map, those that are over among them.
fn pinned_bans(bpffs: &Bpffs) -> usize {
    let slots = port12::kernel::pin::slots(&bpffs.pins()).unwrap();
    let state = port12::kernel::pinned::Pinned::state_of(&slots[0]).unwrap();
    port12::kernel::pinned::bans(&slots[0], state).unwrap().list().unwrap().len()
}

#[test]
fn a_ban_outlives_restarts_and_upgrades_and_holds_for_interfaces_that_come() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        near.sh("ip link add v0 type veth peer name v1");
        bpffs.ok(near, "attach -i w0");
        bpffs.ok(near, "ban 10.12.0.2 --for 1h");
        assert!(!reaches(&far, 12));
        bpffs.run(near, "-i w0 --pin").stop();
        assert!(!reaches(&far, 12));
        let build = other_build();
        let mut upgrade = bpffs.command(near, "attach -i w0 --mode drop");
        let upgraded = upgrade.env("PORT12_OBJECT", build.path()).status().unwrap();
        assert!(upgraded.success());
        assert!(!reaches(&far, 12));
        let [ban] = &bans(&bpffs, near)[..] else { panic!("one ban") };
        assert_eq!(ban["packets"], 3);
        bpffs.ok(near, "attach -i w0,v0");
        let [ban] = &bans(&bpffs, near)[..] else { panic!("one ban") };
        assert_eq!(ban["interfaces"], serde_json::json!(["v0", "w0"]));
        bpffs.ok(near, "unban --all");
        assert!(bans(&bpffs, near).is_empty());
    });
}

#[test]
fn the_bypass_stops_bans_and_lets_them_go_on() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        bpffs.ok(near, "attach -i w0");
        bpffs.ok(near, "ban 10.12.0.2");
        assert!(!reaches(&far, 12));
        bpffs.ok(near, "bypass");
        assert!(reaches(&far, 12));
        bpffs.ok(near, "bypass --off");
        assert!(!reaches(&far, 12));
    });
}

#[test]
fn what_the_host_needs_is_banned_by_force_alone() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        bpffs.ok(near, "allow add 10.12.3.0/24");
        let refused = |source: &str, why: &str| {
            let said = bpffs.fails(near, &format!("ban 10.12.0.99 {source}"), 3);
            assert!(said.contains(why) && said.contains("--force"), "{said}");
            assert!(bans(&bpffs, near).is_empty(), "all or none");
        };
        refused("10.12.0.1", "this host's own address");
        refused("fd12::1", "this host's own address");
        refused("10.12.0.255", "this host's own address");
        refused("127.0.0.1", "no host's address");
        refused("ff02::1", "no host's address");
        refused("10.12.3.4", "10.12.3.0/24 is on the allowlist of w0");
        near.sh("ip route add default via 10.12.0.2; ip -6 route add default via fd12::2");
        refused("10.12.0.2", "the gateway of a default route");
        refused("fd12::2", "the gateway of a default route");
        near.sh("ip route del default; ip -6 route del default");
        near.sh("ip route add default nexthop via 10.12.0.7 nexthop via 10.12.0.8");
        refused("10.12.0.8", "the gateway of a default route");
        near.sh("ip route flush exact 0/0; ip route add default via inet6 fd12::2 dev w0");
        refused("fd12::2", "the gateway of a default route");
        near.sh("ip route flush exact 0/0");
        near.sysctl("ipv4/ip_forward", "1");
        refused("10.12.0.2", "a taker behind this host");
        near.sysctl("ipv4/ip_forward", "0");
        bpffs.fails(near, "ban 10.12.0.0/24", 2);
        bpffs.fails(near, "ban ::ffff:10.12.0.2", 2);
        bpffs.fails(near, "unban", 2);
        bpffs.ok(near, "ban 127.0.0.1 10.12.3.4 --force");
        assert_eq!(bans(&bpffs, near).len(), 2);
    });
}

#[test]
fn a_name_server_is_not_banned() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nameserver 10.12.0.53\n").unwrap();
        let mut command = near.command("unshare");
        let script = format!(
            "mount --bind {} /etc/resolv.conf && exec {} ban 10.12.0.53",
            file.path().display(),
            env!("CARGO_BIN_EXE_port12")
        );
        command.args(["--mount", "sh", "-c", &script]).env("PORT12_PIN_DIR", bpffs.pins());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("a name server of this host"), "{said}");
    });
}

#[test]
fn the_peer_of_a_connection_is_banned_once_it_is_over() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        let listener = near.enter(|| tcp_listener(NEAR.into(), 8080, None));
        let connect = || TcpStream::connect((NEAR, 8080)).unwrap();
        let mut there = pair.far.enter(connect);
        let (here, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), FAR);
        let said = bpffs.fails(near, "ban 10.12.0.2", 3);
        assert!(said.contains("the peer of an established connection"), "{said}");
        drop(here);
        assert_eq!(there.read(&mut [0]).unwrap(), 0);
        drop(there);
        thread::sleep(Duration::from_millis(200));
        bpffs.ok(near, "ban 10.12.0.2");
    });
}

/// A daemon that bans by itself, of its own accord, after so many probes.
fn banning(bpffs: &Bpffs, near: &Namespace, after: u64) -> (Port12, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("port12.toml");
    let text = format!("interfaces = [\"w0\"]\n[ban]\nafter = {after}\nfor = \"3s\"\n");
    std::fs::write(&file, text).unwrap();
    let run = bpffs.run(near, &format!("--config {}", file.display()));
    // It is told whom not to ban at once, and once in a second after that.
    thread::sleep(Duration::from_millis(500));
    (run, directory)
}

#[test]
fn a_scan_is_cut_off_at_the_threshold_and_others_go_on() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, &pair.far);
        far.sh(&format!("ip addr add {FAR_TOO}/24 dev f0"));
        let (mut run, _directory) = banning(&bpffs, near, 20);
        let line = format!("nmap -Pn -n -sS -p1-1023 --max-retries 0 --min-rate 500 {NEAR}");
        let began = Instant::now();
        let said = far.sh(&line);
        assert!(began.elapsed() < Duration::from_secs(30), "{said}");
        run.wait_until_said("w0: 10.12.0.2 is banned for 3s");
        run.wait_for("banned packets", |report| report.outcome("banned") > 100);
        assert_eq!(scan(far, FAR_TOO), "closed");
        until("the end of the ban", || (scan(far, "10.12.0.2") == "closed").then_some(()));
        let totals = run.stop();
        let passed = totals.outcome("probe");
        // One for each look from another source, and for those after the ban.
        assert!((20..=30).contains(&passed), "{passed} probes passed");
    });
}

#[test]
fn nobody_who_is_needed_is_banned_by_forging_him() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        near.sh("ip route add default via 10.12.0.254");
        let (mut run, _directory) = banning(&bpffs, near, 5);
        let (near_ip, far) = (IpAddr::from(NEAR), pair.far_raw());
        let forged = |source: &str| (near_ip, source.parse::<IpAddr>().unwrap());
        let sources = ["10.12.0.1", "10.12.0.254", "10.12.0.77"];
        for source in sources {
            for _ in 0..20 {
                far.send(&syn(forged(source), 12));
            }
        }
        run.wait_until_said("w0: 10.12.0.77 is banned for 3s");
        let [ban] = &bans(&bpffs, near)[..] else { panic!("one ban: {:?}", bans(&bpffs, near)) };
        assert_eq!((&ban["source"], &ban["origin"]), (&"10.12.0.77".into(), &"threshold".into()));
        assert_eq!(ban["packets"], 15);
        run.stop();
    });
}

#[test]
fn the_peer_of_a_connection_is_not_banned_however_it_knocks() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let listener = near.enter(|| tcp_listener(NEAR.into(), 8080, None));
        let there = pair.far.enter(|| TcpStream::connect((NEAR, 8080)).unwrap());
        let (here, _) = listener.accept().unwrap();
        let (mut run, _directory) = banning(&bpffs, near, 5);
        let far = pair.far_raw();
        for _ in 0..20 {
            assert!(reaches(&far, 12));
        }
        assert!(bans(&bpffs, near).is_empty());
        // The one that closes waits for the other's last words, which is not an open connection.
        drop((here, there));
        thread::sleep(Duration::from_millis(2500));
        for _ in 0..2 {
            reaches(&far, 12);
        }
        assert!(!reaches(&far, 12), "it is a peer no longer");
        run.wait_until_said("w0: 10.12.0.2 is banned for 3s");
        run.stop();
    });
}

/// One that was banned before it was known to be needed.
#[test]
fn a_ban_of_one_who_turns_out_to_be_needed_is_lifted() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let (run, _directory) = banning(&bpffs, near, 5);
        let far = pair.far_raw();
        for _ in 0..6 {
            reaches(&far, 12);
        }
        assert!(!reaches(&far, 12));
        near.sh("ip route add default via 10.12.0.2");
        let began = Instant::now();
        until("the ban to be lifted", || reaches(&far, 12).then_some(()));
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
        run.stop();
    });
}

#[test]
fn a_host_that_forwards_does_not_ban_by_itself() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("port12.toml");
        std::fs::write(&file, "interfaces = [\"w0\"]\n[ban]\nafter = 3\n").unwrap();
        pair.near.sysctl("ipv4/ip_forward", "1");
        let said = bpffs.fails(&pair.near, &format!("attach --config {}", file.display()), 3);
        assert!(said.contains("bans are refused on w0"), "{said}");
    });
}
