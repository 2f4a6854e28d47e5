//! A host that changes after the programs were attached, and hosts on which drop mode cannot drop.

use std::net::UdpSocket;

use crate::support::{Bpffs, Pair, addresses::BOTH, frame::udp, lab};

/// Commands that look at the host again, and their arguments.
const LOOK_AGAIN: [&str; 4] = ["status", "stats", "explain 12", "ban 192.0.2.7 --force"];

/// What a command says, on both streams.
fn said(bpffs: &Bpffs, pair: &Pair, args: &str) -> String {
    let output = bpffs.output(&pair.near, args);
    let text = [output.stdout, output.stderr].concat();
    // Words of a paragraph.
    String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_port_that_is_published_after_attach_is_warned_of_with_the_way_out() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        for args in LOOK_AGAIN {
            let said = said(&bpffs, &pair, args);
            assert!(!said.contains("may be dropped"), "{args}: {said}");
        }
        pair.near.sh("nft add table ip nat
             nft add chain ip nat pre '{ type nat hook prerouting priority -100; }'
             nft add rule ip nat pre iifname w0 tcp dport 81 redirect to :8081");
        for args in LOOK_AGAIN {
            let said = said(&bpffs, &pair, args);
            let warns = said.contains("have no socket here and may be dropped");
            assert!(warns && said.contains("`port12 bypass` stops all dropping"), "{args}: {said}");
        }
        let status = bpffs.status(&pair.near, "w0");
        let changes = status["host_changes"].as_array().unwrap();
        assert_eq!((changes.len(), &changes[0]["change"]), (1, &"forwards".into()), "{status}");
        // Where nothing is dropped, there is nothing to warn of.
        bpffs.ok(&pair.near, "bypass");
        for args in LOOK_AGAIN {
            assert!(!said(&bpffs, &pair, args).contains("may be dropped"), "{args}");
        }
    });
}

#[test]
fn a_bridge_that_is_put_over_the_interface_is_warned_of() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        pair.near.sh("ip link add br0 type bridge && ip link set w0 master br0");
        for args in LOOK_AGAIN {
            let said = said(&bpffs, &pair, args);
            assert!(
                said.contains("the bridge br0 stands above it, which was not so"),
                "{args}: {said}"
            );
            assert!(said.contains("w0 is a port of the bridge br0"), "{args}: {said}");
        }
        // A daemon gives drop mode up by itself.
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin --forwarding drop");
        assert!(!said(&bpffs, &pair, "status").contains("may be dropped"));
        run.report();
        run.stop();
    });
}

#[test]
fn drop_mode_below_another_device_says_that_udp_passes() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near.sh("ip link add br0 type bridge && ip link set w0 master br0");
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin --forwarding drop");
        let start = run.said.last().unwrap().clone();
        assert!(start.contains("w0: native XDP, drop mode for TCP alone"), "{start}");
        let line = run.wait_until_said("UDP probes pass in drop mode");
        assert!(line.contains("the bridge br0 stands above it"), "{line}");
        pair.far_raw().send(&udp(BOTH[0], 12, b"?"));
        let report = run.wait_for("the probe", |report| report.outcome("probe") == 1);
        let interface = report.interface("w0");
        assert_eq!(interface["mode"]["effective"], "drop");
        assert_eq!(interface["not_dropped"]["transports"], serde_json::json!(["udp"]));
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(status["not_dropped"], interface["not_dropped"]);
        assert!(said(&bpffs, &pair, "status").contains("UDP probes pass in drop mode"));
        // It is said when it changes.
        pair.near.sh("ip link set w0 nomaster");
        run.wait_for("full drop mode", |report| report.interface("w0")["not_dropped"].is_null());
        pair.near.sh("ip link set w0 master br0");
        run.wait_until_said("UDP probes pass in drop mode");
        run.stop();
        // Without a daemon the bitmap of ports with sockets goes stale.
        crate::support::until("a stale heartbeat", || {
            let status = bpffs.status(&pair.near, "w0");
            (status["sockets_fresh"] == false).then_some(())
        });
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(status["not_dropped"]["transports"], serde_json::json!(["tcp", "udp"]));
    });
}

/// The promise that the warning is about: on an interface of its own, UDP is dropped.
#[test]
fn drop_mode_on_an_interface_of_its_own_says_nothing_of_the_kind() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let _server = pair.near.enter(|| UdpSocket::bind("0.0.0.0:14").unwrap());
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop");
        pair.far_raw().send(&udp(BOTH[0], 12, b"?"));
        let report = run.wait_for("the drop", |report| report.outcome("dropped") == 1);
        assert!(report.interface("w0")["not_dropped"].is_null());
        assert!(!run.said.join("\n").contains("probes pass in drop mode"), "{:?}", run.said);
    });
}

#[test]
fn check_says_where_drop_mode_does_not_drop() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near.sh("ip link add br0 type bridge && ip link set w0 master br0");
        let args = "check -i w0 --mode drop --forwarding drop";
        let text = said(&bpffs, &pair, args);
        assert!(text.contains("w0: UDP probes pass in drop mode"), "{text}");
        let text = said(&bpffs, &pair, "check -i w0 --mode monitor");
        assert!(!text.contains("probes pass in drop mode"), "{text}");
    });
}
