//! Bans by the operator: whom they hold for, how long, and whom they spare. And by the program itself.

mod evidence;
mod forged;
mod full;
mod kept;
mod threshold;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    Bpffs, Namespace, Pair,
    addresses::{FAR, NEAR},
    banning::{bans, entries},
    build::other_build,
    lab, reaches,
    sockets::tcp_listener,
    until,
};

const FAR_TOO: &str = "10.12.0.3";

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
        let said = bpffs.ok(&pair.near, "ban 10.12.0.2");
        assert!(!said.contains("it ends with"), "{said}");
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
            let kept = || entries(&bpffs).len();
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

#[test]
fn a_ban_outlives_restarts_and_upgrades_and_holds_for_interfaces_that_come() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (near, far) = (&pair.near, pair.far_raw());
        near.sh("ip link add v0 type veth peer name v1");
        bpffs.ok(near, "attach -i w0");
        let said = bpffs.ok(near, "ban 10.12.0.2 --for 1h");
        assert!(!said.contains("it ends with"), "{said}");
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
        refused("10.12.0.2", "the gateway of a route");
        refused("fd12::2", "the gateway of a route");
        near.sh("ip route del default; ip -6 route del default");
        near.sh("ip route add default nexthop via 10.12.0.7 nexthop via 10.12.0.8");
        refused("10.12.0.8", "the gateway of a route");
        near.sh("ip route flush exact 0/0; ip route add default via inet6 fd12::2 dev w0");
        refused("fd12::2", "the gateway of a route");
        near.sh("ip route flush exact 0/0");
        near.sh("ip route add 198.51.100.0/24 via 10.12.0.5; ip route add 198.51.100.0/24 via 10.12.0.6 table 77");
        near.sh("ip -6 route add 2001:db8::/32 via fd12::5 table 77");
        refused("10.12.0.5", "the gateway of a route");
        refused("10.12.0.6", "the gateway of a route");
        refused("fd12::5", "the gateway of a route");
        near.sh(
            "ip route del 198.51.100.0/24; ip route flush table 77; ip -6 route flush table 77",
        );
        near.sysctl("ipv4/nexthop_compat_mode", "0");
        near.sh(
            "ip nexthop add id 1 via 10.12.0.3 dev w0; ip nexthop add id 2 via 10.12.0.4 dev w0",
        );
        near.sh("ip nexthop add id 3 group 1/2; ip nexthop add id 4 via fd12::4 dev w0");
        near.sh("ip route add 198.51.100.0/24 nhid 3");
        for hop in ["10.12.0.3", "10.12.0.4", "fd12::4"] {
            refused(hop, "the gateway of a route");
        }
        near.sh("ip route del 198.51.100.0/24; ip nexthop flush");
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

/// In the places where distributions keep what resolvers read.
#[test]
fn a_name_server_is_not_banned_whichever_resolver_asks_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        let etc = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("resolv.conf", "nameserver 127.0.0.53\nnameserver 10.12.0.51\n"),
            ("systemd/resolved.conf", "[Resolve]\nDNS=10.12.0.52:853#dns.example\n"),
            ("systemd/resolved.conf.d/x.conf", "[Resolve]\nFallbackDNS=fd12::53\n"),
            ("dnsmasq.conf", "server=/example.com/10.12.0.53#5353\nresolv-file=/etc/upstream\n"),
            ("upstream", "nameserver 10.12.0.54\n"),
            ("unbound/unbound.conf.d/x.conf", "forward-zone:\n forward-addr: 10.12.0.55@853\n"),
        ] {
            let path = etc.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let servers =
            ["10.12.0.51", "10.12.0.52", "fd12::53", "10.12.0.53", "10.12.0.54", "10.12.0.55"];
        for server in servers {
            let mut command = near.command("unshare");
            let script = format!(
                "mount --bind {} /etc && exec {} ban {server}",
                etc.path().display(),
                env!("CARGO_BIN_EXE_port12")
            );
            command.args(["--mount", "sh", "-c", &script]).env("PORT12_PIN_DIR", bpffs.pins());
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "{server}: {said}");
            assert!(said.contains("a name server of this host"), "{server}: {said}");
        }
    });
}

#[test]
fn the_peer_of_a_connection_is_banned_and_keeps_it() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        let listener = near.enter(|| tcp_listener(NEAR.into(), 8080, None));
        let mut there = pair.far.enter(|| TcpStream::connect((NEAR, 8080)).unwrap());
        let (mut here, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), FAR);
        bpffs.ok(near, "ban 10.12.0.2");
        assert!(!reaches(&pair.far_raw(), 12));
        there.write_all(b"x").unwrap();
        here.read_exact(&mut [0]).unwrap();
        assert!(pair.far.enter(|| TcpStream::connect((NEAR, 8080))).is_ok());
    });
}
