//! Programs that are attached to stay: without a daemon, through restarts and upgrades.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use crate::support::{
    Bpffs, Pair,
    addresses::{BOTH, FAR, NEAR},
    build::other_build,
    foreign::{self, program},
    frame::syn,
    lab, mode, reaches,
    sockets::{reusing_tcp, tcp_listener},
    until,
};

fn knock(pair: &Pair) -> bool {
    reaches(&pair.far_raw(), 12)
}

fn dropped(bpffs: &Bpffs, pair: &Pair) -> u64 {
    let stats = bpffs.ok(&pair.near, "stats --output json");
    crate::support::Report::parse(stats.trim()).port("tcp", 12, "dropped")
}

#[test]
fn what_is_attached_drops_without_a_daemon_until_it_is_detached() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        assert!(!knock(&pair));
        assert_eq!(dropped(&bpffs, &pair), 1);
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(
            (&status["mode"]["effective"], &status["persistent"]),
            (&"drop".into(), &true.into())
        );
        assert_eq!(status["xdp_mode"], "native");
        assert_eq!(status["program"]["id"], program(&pair.near, "w0").unwrap());
        bpffs.ok(&pair.near, "detach");
        assert_eq!(program(&pair.near, "w0"), None);
        assert!(bpffs.pinned("w0").is_empty());
        assert!(knock(&pair));
        // Again, there is nothing to do.
        bpffs.ok(&pair.near, "detach");
    });
}

#[test]
fn a_run_that_would_end_what_stays_is_refused_and_one_that_pins_takes_it_over() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        assert!(!knock(&pair));
        let said = bpffs.fails(&pair.near, "run -i w0 --mode drop", 7);
        assert!(said.contains("`port12 run --pin` takes it over"), "{said}");
        let run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
        let said = bpffs.fails(&pair.near, "detach", 1);
        assert!(said.contains("belongs to process"), "{said}");
        let totals = run.stop();
        assert_eq!(totals.port("tcp", 12, "dropped"), 1, "counters go on");
        assert!(!knock(&pair), "and so does the program");
        assert_eq!(dropped(&bpffs, &pair), 2);
    });
}

#[test]
fn a_run_that_pins_leaves_its_program_when_it_is_killed() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        for signal in [libc::SIGKILL, libc::SIGTERM] {
            let run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
            run.signal(signal);
            run.wait();
            assert!(!knock(&pair));
        }
        assert_eq!(dropped(&bpffs, &pair), 2);
    });
}

#[test]
fn an_upgrade_changes_the_program_and_nothing_else() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let build = other_build();
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        bpffs.ok(&pair.near, "allow add 192.0.2.7");
        assert!(!knock(&pair));
        let before = bpffs.status(&pair.near, "w0");
        let mut upgrade = bpffs.command(&pair.near, "attach -i w0 --mode drop");
        assert!(upgrade.env("PORT12_OBJECT", build.path()).status().unwrap().success());
        let after = bpffs.status(&pair.near, "w0");
        assert_ne!(before["program"]["tag"], after["program"]["tag"]);
        for kept in ["attached_at", "policy", "allowed", "mode", "xdp_mode"] {
            assert_eq!(before[kept], after[kept], "{kept}");
        }
        assert!(!knock(&pair));
        assert_eq!(dropped(&bpffs, &pair), 2);
    });
}

/// The version is the first word in every layout.
#[test]
fn state_of_another_version_is_refused_and_can_be_detached_by_force() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        bpffs.set_version("w0", 99);
        let id = program(&pair.near, "w0");
        for args in ["attach -i w0", "run -i w0 --pin", "confirm", "bypass", "status", "detach"] {
            let said = bpffs.fails(&pair.near, args, 1);
            assert!(said.contains("layout version 99"), "{args}: {said}");
        }
        assert_eq!(program(&pair.near, "w0"), id);
        bpffs.ok(&pair.near, "detach --force");
        assert_eq!(program(&pair.near, "w0"), None);
    });
}

#[test]
fn an_interface_that_went_and_came_back_goes_on_with_its_state() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near.sh("ip link add v0 type veth peer name v1; ip link set v0 up");
        bpffs.ok(&pair.near, "attach -i v0 --mode drop");
        bpffs.ok(&pair.near, "bypass");
        pair.near.sh("ip link del v0; ip link add v0 type veth peer name v1; ip link set v0 up");
        assert!(bpffs.status(&pair.near, "v0")["xdp_mode"].is_null());
        bpffs.ok(&pair.near, "attach -i v0 --mode drop");
        let status = bpffs.status(&pair.near, "v0");
        assert_eq!(status["xdp_mode"], "native");
        assert_eq!(mode(&status), "monitor, bypassed");
    });
}

/// Answers on TCP and UDP, to whatever source port.
fn echo(pair: &Pair) {
    let (tcp, udp) = pair
        .far
        .enter(|| (tcp_listener(FAR.into(), 9000, None), UdpSocket::bind((FAR, 9000)).unwrap()));
    thread::spawn(move || {
        for client in tcp.incoming() {
            let mut client = client.unwrap();
            let mut word = [0; 4];
            if client.read_exact(&mut word).is_ok() {
                let _ = client.write_all(&word);
            }
        }
    });
    thread::spawn(move || {
        let mut word = [0; 4];
        while let Ok((_, client)) = udp.recv_from(&mut word) {
            let _ = udp.send_to(&word, client);
        }
    });
}

/// One word there and back from each of the source ports 512-1023, over TCP and UDP.
fn all_reserved_sources_work(pair: &Pair) {
    let server = SocketAddr::new(FAR.into(), 9000);
    let patience = Duration::from_secs(20);
    pair.near.enter(|| {
        for port in 512..1024 {
            let local = SocketAddr::new(IpAddr::from(NEAR), port);
            let socket = reusing_tcp(local);
            socket.connect_timeout(&server.into(), patience).unwrap();
            let mut stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(patience)).unwrap();
            stream.write_all(b"ping").unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).unwrap_or_else(|error| panic!("tcp/{port}: {error}"));
            assert_eq!(&word, b"ping");

            let socket = UdpSocket::bind(local).unwrap();
            socket.set_read_timeout(Some(patience)).unwrap();
            socket.send_to(b"pong", server).unwrap();
            socket.recv_from(&mut word).unwrap_or_else(|error| panic!("udp/{port}: {error}"));
            assert_eq!(&word, b"pong");
        }
    });
}

#[test]
fn a_client_on_each_reserved_port_works_with_a_daemon_and_without() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        echo(&pair);
        let run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
        all_reserved_sources_work(&pair);
        run.stop();
        // The heartbeat is stale: the program looks sockets up.
        until("a stale heartbeat", || {
            (bpffs.status(&pair.near, "w0")["sockets_fresh"] == false).then_some(())
        });
        all_reserved_sources_work(&pair);
        let stats = bpffs.ok(&pair.near, "stats --output json");
        assert_eq!(crate::support::Report::parse(stats.trim()).outcome("dropped"), 0, "{stats}");
        // It does drop where nobody waits.
        assert!(!knock(&pair));
    });
}

#[test]
fn addresses_that_come_and_go_reach_the_program_within_a_second() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        // A router's table: listing the addresses takes long, and so is not done all the time.
        pair.near.sh("for a in $(seq 0 99); do for b in $(seq 0 199); do
                 echo route add blackhole 100.$a.$b.0/24
             done; done | ip -batch -");
        let run = bpffs.run(&pair.near, "-i w0");
        let far = pair.far_raw();
        let other = (IpAddr::from([10, 12, 99, 1]), BOTH[0].1);
        let transit = || {
            far.send(&syn(other, 12));
            thread::sleep(Duration::from_millis(50));
            let stats = bpffs.ok(&pair.near, "stats --output json");
            let report = crate::support::Report::parse(stats.trim());
            (report.outcome("transit"), report.outcome("probe"))
        };
        assert_eq!(transit(), (1, 0));
        pair.near.sh("ip addr add 10.12.99.1/32 dev w0");
        thread::sleep(Duration::from_secs(1));
        assert_eq!(transit(), (1, 1));
        pair.near.sh("ip addr del 10.12.99.1/32 dev w0");
        thread::sleep(Duration::from_secs(1));
        assert_eq!(transit(), (2, 1));
        run.stop();
    });
}

#[test]
fn whom_the_operator_allows_is_allowed_on_interfaces_that_come_later() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i lo --mode drop");
        bpffs.ok(&pair.near, "allow add 10.12.0.0/16");
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        assert!(knock(&pair));
        bpffs.ok(&pair.near, "allow remove 10.12.0.0/16");
        assert!(!knock(&pair));
    });
}

#[test]
fn an_attachment_that_fails_on_the_second_interface_takes_the_first_back() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let id = foreign::attach(&pair.near, "w0");
        bpffs.fails(&pair.near, "attach -i lo,w0 --mode drop", 7);
        until("detachment", || program(&pair.near, "lo").is_none().then_some(()));
        assert_eq!(program(&pair.near, "w0"), Some(id));
        assert!(bpffs.pinned("lo").is_empty());
    });
}

#[test]
fn bad_input_changes_nothing_of_what_is_attached() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "mode = \"monitor\"\nallow = [\"10.0.0.1/8\"]\n").unwrap();
        let file = file.path().display();
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        let state = || {
            let status = bpffs.status(&pair.near, "w0");
            ["program", "attached_at", "mode", "policy", "allowed"].map(|key| status[key].clone())
        };
        let before = state();
        for (args, code) in [
            ("attach -i w0 --mode block", 2),
            (&*format!("attach -i w0 --config {file}"), 3),
            (&format!("attach -i w0 --registry {file}"), 3),
            ("attach -i w0 -i nosuch0 --mode monitor", 6),
            ("allow add 10.0.0.1/8", 2),
            (&format!("allow add 10.0.0.1 --write --config {file}"), 3),
            ("detach -i nosuch0", 1),
        ] {
            bpffs.fails(&pair.near, args, code);
            assert_eq!(state(), before, "{args}");
        }
    });
}

#[test]
fn without_a_bpffs_nothing_can_stay() {
    lab(|| {
        let pair = Pair::new();
        let bpffs = Bpffs::new();
        let mut command = bpffs.command(&pair.near, "attach -i w0");
        let nowhere = std::env::temp_dir().join(format!("port12-nowhere-{}", std::process::id()));
        let output = command.env("PORT12_PIN_DIR", &nowhere).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stderr).contains("is not in a bpffs"));
        assert!(fs::metadata(&nowhere).is_err());
        assert_eq!(program(&pair.near, "w0"), None);
    });
}
