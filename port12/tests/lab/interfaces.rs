//! Which interfaces are watched, and what becomes of them meanwhile.

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::support::{
    Bpffs, Namespace, Pair, Port12, addresses::BOTH, foreign::program, frame::syn, lab,
    sockets::tcp_listener, until,
};

fn watched(near: &Namespace, args: &str) -> Vec<String> {
    let mut port12 = Port12::start(near, args);
    let report = port12.report();
    let interfaces = report.0["interfaces"].as_array().unwrap();
    interfaces.iter().map(|each| each["interface"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_default_is_the_interface_of_the_default_route() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh("ip route add default via 10.12.0.2");
        assert_eq!(watched(&pair.near, ""), ["w0"]);
    });
}

#[test]
fn without_a_default_route_the_default_is_the_loopback_interface() {
    lab(|| assert_eq!(watched(&Namespace::new(), ""), ["lo"]));
}

#[test]
fn interfaces_are_watched_in_the_order_given_and_each_once() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh("ip link property add dev w0 altname a-longer-name-of-w0");
        let args = "-i w0 -i lo -i w0 -i a-longer-name-of-w0 -i lo";
        assert_eq!(watched(&pair.near, args), ["w0", "lo"]);
    });
}

#[test]
fn several_interfaces_count_each_for_itself() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i lo -i w0");
        pair.far_raw().send(&syn(BOTH[0], 12));
        pair.near.sh("nmap -sS -Pn -n -p14 --max-retries 0 127.0.0.1");
        let totals = port12.stop();
        for (interface, port) in [("lo", 14), ("w0", 12)] {
            let ports = totals.interface(interface)["ports"].as_array().unwrap();
            assert_eq!(ports.len(), 1, "{}", totals.0);
            assert_eq!(ports[0]["port"], port);
            let outcomes = &totals.interface(interface)["outcomes"];
            assert_eq!(outcomes["probe"]["packets"], 1);
        }
    });
}

#[test]
fn an_interface_that_vanishes_is_reported_and_the_others_go_on() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh("ip link add gone0 type veth peer name gone1 && ip link set gone0 up");
        let mut port12 = Port12::start(&pair.near, "-i gone0 -i w0");
        pair.far_raw().send(&syn(BOTH[0], 12));
        port12.wait_for("the probe", |report| report.outcome("probe") == 1);
        pair.near.sh("ip link del gone0");
        port12.wait_until_said("gone0: the interface has vanished");
        let report = port12
            .wait_for("the report of it", |report| report.interface("gone0")["place"] == "gone");
        assert_eq!(report.interface("w0")["place"], "attached");
        pair.far_raw().send(&syn(BOTH[0], 12));
        port12.wait_for("the next probe", |report| report.outcome("probe") == 2);
        let totals = port12.stop();
        assert_eq!(totals.interface("gone0")["place"], "gone");
    });
}

#[test]
fn an_interface_may_go_down_and_up_and_change_its_name() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0");
        let before = program(&pair.near, "w0");
        pair.near.sh("ip link set w0 down && ip link set w0 name x0 && ip link set x0 up");
        pair.far.sh("ip link set f0 up");
        assert_eq!(program(&pair.near, "x0"), before);
        let cable = pair.far_raw();
        let report = port12.wait_for("a probe", |report| {
            cable.send(&syn(BOTH[0], 12));
            report.outcome("probe") > 0
        });
        assert_eq!(report.interface("w0")["place"], "attached");
    });
}

/// Makes eight interfaces, and returns the arguments that name them.
fn eight(near: &Namespace) -> String {
    near.sh("for i in $(seq 4); do ip link add a$i type veth peer name b$i || exit; done");
    (1..=4).map(|i| format!("-i a{i} -i b{i} ")).collect()
}

#[test]
fn eight_interfaces_are_watched_at_once() {
    lab(|| {
        let near = Namespace::new();
        let names = eight(&near);
        assert_eq!(watched(&near, &names).len(), 8);
    });
}

#[test]
fn ctrl_c_ends_it_before_the_last_interface_has_its_program() {
    lab(|| {
        let near = Namespace::new();
        let port12 = Port12::spawn(Port12::command(&near, &eight(&near)));
        until("the first program", || program(&near, "a1"));
        port12.signal(libc::SIGINT);
        let ended = port12.wait();
        assert_eq!(ended.code(), 0);
        assert!(ended.totals.is_none());
        assert!(ended.said.is_empty(), "{:?}", ended.said);
        until("detachment", || program(&near, "a1").is_none().then_some(()));
    });
}

/// The program leaves with a run that sees the interface go; one that is pinned stays on it.
#[test]
fn nothing_is_dropped_on_an_interface_that_moved_to_another_namespace() {
    for pin in ["", "--pin"] {
        lab(|| {
            let (pair, bpffs, elsewhere) = (Pair::new(), Bpffs::new(), Namespace::new());
            // An address that both hosts have is no transit.
            pair.near.sh("ip address add 10.12.0.1/32 dev lo");
            let port12 = bpffs.run(&pair.near, &format!("-i w0 -i lo --mode drop {pin}"));
            pair.near.sh(&format!("ip link set w0 netns {}", elsewhere.name()));
            elsewhere.sh("ip address add 10.12.0.1/24 dev w0 && ip link set w0 up");
            let _listener = elsewhere.enter(|| tcp_listener(BOTH[0].0, 81, None));
            until("a connection to the moved interface", || {
                let to = SocketAddr::new(BOTH[0].0, 81);
                let patience = Duration::from_millis(500);
                pair.far.enter(|| TcpStream::connect_timeout(&to, patience)).ok()
            });
            until("the program to stay or to leave", || {
                (program(&elsewhere, "w0").is_some() != pin.is_empty()).then_some(())
            });
            port12.stop();
        });
    }
}
