//! How the program comes onto interfaces and leaves them, and leaves others' alone.

use std::{fs, net::UdpSocket, time::Duration};

use super::{HOOKS, Watched, command, datagram, facts, outbound, python};
use crate::support::{Bpffs, Namespace, Pair, Port12, addresses::FAR, foreign, lab, until};

/// Programs on packets that leave, by links.
fn tcx(near: &Namespace, interface: &str) -> usize {
    use aya::programs::{SchedClassifier, TcAttachType};
    let query = || SchedClassifier::query_tcx(interface, TcAttachType::Egress).unwrap().1.len();
    near.enter(query)
}

/// What tc has on an interface.
fn tc(near: &Namespace, interface: &str) -> (bool, String) {
    let qdiscs = near.sh(&format!("tc qdisc show dev {interface}"));
    let has = qdiscs.contains("clsact");
    let filters = match has {
        true => near.sh(&format!("tc filter show dev {interface} egress")),
        false => String::new(),
    };
    (has, filters)
}

fn has_nothing(near: &Namespace, interface: &str) -> bool {
    tcx(near, interface) == 0 && tc(near, interface) == (false, String::new())
}

#[test]
fn without_the_flag_nothing_is_on_packets_that_leave() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0");
        let report = port12.report();
        assert!(report.0["outbound"].is_null());
        assert!(has_nothing(&pair.near, "w0"));
        python(&pair.near, &format!("import socket; {}", datagram(12)));
        port12.stop();
    });
}

#[test]
fn it_leaves_with_the_run_and_so_does_its_qdisc() {
    for hook in HOOKS {
        lab(|| {
            let watched = Watched::start(hook);
            let near = Namespace::name(&watched.pair.near).to_owned();
            let (there, filters) = tc(&watched.pair.near, "w0");
            assert_eq!(tcx(&watched.pair.near, "w0"), usize::from(hook == "tcx"));
            assert_eq!(there, hook == "clsact");
            assert_eq!(filters.contains("port12_egress"), hook == "clsact", "{near}: {filters}");
            watched.port12.stop();
            assert!(has_nothing(&watched.pair.near, "w0"));
        });
    }
}

/// `TC_ACT_OK` and `TC_ACT_SHOT` of linux/pkt_cls.h.
const VERDICTS: [(u32, bool); 2] = [(0, true), (2, false)];

#[test]
fn filters_of_others_decide_and_stay_as_they_are_with_their_qdisc() {
    for (verdict, passes) in VERDICTS {
        for hook in HOOKS {
            for priority in [0, 1, 5] {
                lab(|| decides(hook, verdict, priority, passes));
            }
        }
    }
}

fn decides(hook: &str, verdict: u32, priority: u16, passes: bool) {
    let pair = Pair::new();
    pair.near.sh("tc qdisc add dev w0 clsact");
    foreign::filter(&pair.near, "w0", verdict, priority);
    let before = tc(&pair.near, "w0");
    let mut port12 = Port12::launch(command(&pair.near, hook, "-i w0 --egress"));
    port12.report();
    let far = pair.far.enter(|| UdpSocket::bind((FAR, 12)).unwrap());
    far.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    python(&pair.near, &format!("import socket; {}", datagram(12)));
    let case = format!("{hook} {verdict} {priority}");
    assert_eq!(far.recv_from(&mut [0; 8]).is_ok(), passes, "{case}");
    // It was started, whatever became of it.
    let totals = port12.stop();
    assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 1)]), "{case}");
    assert_eq!(tc(&pair.near, "w0"), before, "{case}");
}

/// Somebody has come to use what port12 has made.
#[test]
fn a_qdisc_that_others_have_come_to_use_stays() {
    lab(|| {
        let watched = Watched::start("clsact");
        foreign::filter(&watched.pair.near, "w0", 0, 0);
        watched.port12.stop();
        let (there, filters) = tc(&watched.pair.near, "w0");
        assert!(there && filters.contains("theirs") && !filters.contains("port12"), "{filters}");
    });
}

#[test]
fn an_ingress_qdisc_is_named_and_stays() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh("tc qdisc add dev w0 handle ffff: ingress");
        let output = command(&pair.near, "clsact", "-i w0 --egress").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(6), "{said}");
        assert!(said.contains("w0: it has the qdisc `ingress`"), "{said}");
        assert!(!pair.near.sh("ip link show w0").contains("xdp"));
    });
}

#[test]
fn what_a_killed_one_leaves_a_restart_or_detach_takes_off() {
    lab(|| {
        let bpffs = Bpffs::new();
        let pair = Pair::new();
        let near = &pair.near;
        let run = |args: &str| {
            let mut command = bpffs.run_command(near, args);
            command.env("PORT12_FAULT", "egress.old");
            let mut port12 = Port12::launch(command);
            port12.report();
            port12
        };
        let kill = |port12: Port12| {
            port12.signal(libc::SIGKILL);
            port12.wait();
            assert!(tc(near, "w0").1.contains("port12_egress"), "nobody has taken it off");
        };
        kill(run("-i w0 --egress"));
        let mut again = run("-i w0 --egress");
        assert_eq!(tc(near, "w0").1.matches("handle 0x120").count(), 1);
        python(near, &format!("import socket; {}", datagram(12)));
        again.wait_for("the datagram", |it| outbound(it, "w0") == facts([("udp", 12, 1)]));
        kill(again);
        // One that does not watch what leaves takes it off, too.
        run("-i w0").stop();
        assert!(has_nothing(near, "w0"));
        kill(run("-i w0 --egress"));
        let said = bpffs.ok(near, "detach");
        assert!(said.contains("w0: what watched packets that leave is taken off"), "{said}");
        assert!(has_nothing(near, "w0"));
    });
}

/// It is not silent, and does not quarrel.
#[test]
fn what_others_take_off_is_told_and_a_reload_puts_it_back() {
    lab(|| {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("port12.toml");
        fs::write(&file, "interfaces = [\"w0\"]\negress = true\n").unwrap();
        let pair = Pair::new();
        let near = &pair.near;
        let args = format!("--config {}", file.display());
        let mut port12 = Port12::launch(command(near, "clsact", &args));
        let on = |report: &crate::support::Report| {
            report.0["outbound"]["interfaces"].as_array().map_or(0, Vec::len)
        };
        port12.wait_for("w0", |report| on(report) == 1);
        python(near, &format!("import socket; {}", datagram(12)));
        port12.wait_for("the datagram", |it| outbound(it, "w0") == facts([("udp", 12, 1)]));
        near.sh("tc qdisc del dev w0 clsact");
        port12.wait_until_said("w0: others have taken off what watches packets that leave");
        port12.wait_for("it to be gone", |report| on(report) == 0);
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        port12.wait_for("w0", |report| on(report) == 1);
        python(near, &format!("import socket; {}", datagram(12)));
        port12.wait_for("what was counted, and more", |it| {
            outbound(it, "w0") == facts([("udp", 12, 2)])
        });
        port12.stop();
        assert!(has_nothing(near, "w0"));
    });
}

#[test]
fn owners_stay_with_an_interface_that_has_another_name() {
    lab(|| {
        let pair = Pair::new();
        let near = &pair.near;
        let mut port12 = Port12::launch(command(near, "tcx", "-i w0 --egress"));
        port12.report();
        python(near, &format!("import socket, time; {}; time.sleep(0.3)", datagram(12)));
        let owner = |report: &crate::support::Report| {
            report.0["outbound"]["ports"][0]["owners"][0]["name"].as_str().map(str::to_owned)
        };
        port12.wait_for("the owner", |it| owner(it).as_deref() == Some("python3"));
        near.sh("ip link set w0 down; ip link set w0 name w7; ip link set w7 up");
        port12.wait_for("the name", |it| outbound(it, "w7") == facts([("udp", 12, 1)]));
        port12.wait_for("its owner", |it| owner(it).as_deref() == Some("python3"));
        port12.stop();
    });
}

#[test]
fn a_killed_one_leaves_no_link() {
    lab(|| {
        let watched = Watched::start("tcx");
        watched.port12.signal(libc::SIGKILL);
        watched.port12.wait();
        until("the link to go", || has_nothing(&watched.pair.near, "w0").then_some(()));
    });
}

#[test]
fn interfaces_come_and_go_and_a_reload_switches_it() {
    for hook in HOOKS {
        lab(|| {
            let pair = Pair::new();
            let near = &pair.near;
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("port12.toml");
            let write = |egress: bool, more: &str| {
                let text = format!("interfaces = [\"w0\", \"tap*\"]\negress = {egress}\n{more}");
                fs::write(&file, text).unwrap();
            };
            write(false, "");
            let args = format!("--config {}", file.display());
            let mut port12 = Port12::launch(command(near, hook, &args));
            assert!(port12.report().0["outbound"].is_null());
            let reload = |port12: &mut Port12| {
                port12.signal(libc::SIGHUP);
                port12.wait_until_said("reloaded");
                port12.report();
            };
            write(true, "");
            reload(&mut port12);
            near.sh("ip link add tap7 type veth peer name peer7; ip link set tap7 up; ip link set peer7 up");
            let on = |report: &crate::support::Report| {
                let on = report.0["outbound"]["interfaces"].as_array();
                on.map_or(0, Vec::len)
            };
            port12.wait_for("tap7", |report| on(report) == 2);
            python(near, &format!("import socket; {}", datagram(12)));
            port12.wait_for("the datagram", |it| outbound(it, "w0") == facts([("udp", 12, 1)]));
            near.sh("ip link del tap7");
            port12.wait_for("tap7 to go", |report| on(report) == 1);
            write(true, "[[port]]\nports = \"12/udp\"\naction = \"ignore\"\n");
            reload(&mut port12);
            python(near, &format!("import socket; {}; {}", datagram(12), datagram(14)));
            let expected = facts([("udp", 12, 1), ("udp", 14, 1)]);
            port12.wait_for("the other rules", |it| outbound(it, "w0") == expected);
            write(false, "");
            reload(&mut port12);
            assert!(port12.report().0["outbound"].is_null());
            assert!(has_nothing(near, "w0"));
            port12.stop();
        });
    }
}

#[test]
fn both_ends_of_loopback_see_it() {
    lab(|| {
        let near = Namespace::new();
        let mut port12 = Port12::launch(command(&near, "tcx", "-i lo --egress"));
        port12.report();
        let _ = near.command("nc").args(["-z", "127.0.0.1", "12"]).status();
        let totals = port12.stop();
        assert_eq!(outbound(&totals, "lo"), facts([("tcp", 12, 1)]));
        assert_eq!(totals.port("tcp", 12, "packets"), 1);
    });
}

#[test]
fn a_tunnel_has_no_ethernet_header() {
    lab(|| {
        let near = Namespace::new();
        near.sh("ip tuntap add mode tun t0");
        let tunnel = near.enter(|| crate::tun::open("t0"));
        near.sh("ip addr add 10.12.0.1/24 dev t0; ip link set t0 up; ip addr add fd12::1/64 dev t0 nodad");
        for hook in HOOKS {
            let mut port12 = Port12::launch(command(&near, hook, "-i t0 --egress"));
            port12.report();
            python(&near, &format!("import socket; {}", datagram(12)));
            python(
                &near,
                "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.sendto(b'x', ('fd12::2', 12))",
            );
            let totals = port12.stop();
            assert_eq!(outbound(&totals, "t0"), facts([("udp", 12, 2)]), "{}", totals.0);
        }
        drop(tunnel);
    });
}
