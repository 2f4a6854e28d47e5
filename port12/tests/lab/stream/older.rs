//! An attachment of the layout before this one is replaced while packets come.

use std::{fs, net::UdpSocket, sync::atomic::Ordering, thread};

use super::{Ending, NEAR, SERVICE, Traffic, hold_a_minute, stats};
use crate::support::{
    Bpffs, Pair,
    addresses::BOTH,
    foreign::program,
    frame::{syn, udp},
    lab,
    layout6::{Layout6, Told},
    mode, until,
};

const BANNED: &str = "192.0.2.99";

fn told(deadline: Option<u64>) -> Told {
    Told { deadline, banned: BANNED.parse().unwrap(), allowed: ([198, 51, 100, 0], 24) }
}

#[test]
fn an_attachment_of_the_older_layout_is_replaced_under_traffic_with_all_it_was_told() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let socket = pair.near.enter(|| UdpSocket::bind((NEAR, SERVICE)).unwrap());
        hold_a_minute(&socket);
        let closing = socket.try_clone().unwrap();
        let _older = Layout6::attach(&pair.near, &bpffs, &told(None));
        let before = program(&pair.near, "w0");
        let traffic = Traffic::default();
        thread::scope(|scope| {
            let _ending = Ending(&traffic, &pair, closing);
            scope.spawn(|| traffic.receive(&socket));
            let sender = scope.spawn(|| traffic.send(&pair));
            until("some probes", || (traffic.probes.load(Ordering::SeqCst) > 500).then_some(()));
            let counted = traffic.probes.load(Ordering::SeqCst);
            bpffs.ok(&pair.near, "attach -i w0 --mode drop");
            assert_ne!(program(&pair.near, "w0"), before);
            until("more probes", || {
                (traffic.probes.load(Ordering::SeqCst) > counted + 500).then_some(())
            });
            traffic.stop.store(true, Ordering::SeqCst);
            sender.join().unwrap();
            let sent = traffic.packets.load(Ordering::SeqCst);
            until("every packet", || {
                (traffic.received.load(Ordering::SeqCst) == sent).then_some(())
            });
            // No probe reached the stack (the sender would have had an answer); counters go on.
            let report = stats(&bpffs, &pair);
            assert_eq!(report.outcome("probe"), 0);
            let dropped = report.port("tcp", 12, "dropped");
            let all = traffic.probes.load(Ordering::SeqCst);
            assert!(dropped > counted / 2 && dropped <= all, "{dropped} of {all}");
        });
        let sources: serde_json::Value =
            serde_json::from_str(bpffs.ok(&pair.near, "sources --output json").trim()).unwrap();
        let source = &sources["sources"][0];
        assert_eq!(source["source"], BOTH[0].1.to_string(), "{sources}");
        assert!(source["packets"].as_u64().unwrap() > 500, "{sources}");
        let status = bpffs.status(&pair.near, "w0");
        assert_eq!(status["attached_at"], "2023-11-14T22:13:20.000Z");
        let bans: serde_json::Value =
            serde_json::from_str(bpffs.ok(&pair.near, "bans --output json").trim()).unwrap();
        assert_eq!((&bans[0]["source"], &bans[0]["times"]), (&BANNED.into(), &3.into()));
        assert_eq!((&bans[0]["packets"], &bans[0]["origin"]), (&7.into(), &"operator".into()));
        assert!(bpffs.ok(&pair.near, "allow list").contains("198.51.100.0/24"));
        // It is a slot like any other now.
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        bpffs.ok(&pair.near, "detach");
        assert_eq!(bpffs.pinned("w0"), Vec::<String>::new());
    });
}

#[test]
fn the_deadline_and_the_bypass_of_the_older_layout_hold() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let older = Layout6::attach(&pair.near, &bpffs, &told(Some(1_000_000)));
        let until = older.drop_until();
        // Its bypass is in reach of this version, whose other commands say how to go on.
        let said = bpffs.ok(&pair.near, "bypass");
        assert!(said.contains("w0: nothing is dropped from now on"), "{said}");
        let refused = bpffs.output(&pair.near, "stats");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("layout version 6") && said.contains("`port12 attach`"), "{said}");
        let mut run = bpffs.run(&pair.near, "-i w0 --pin --mode drop --confirm 10m");
        assert_eq!(mode(run.report().interface("w0")), "monitor, bypassed");
        bpffs.ok(&pair.near, "bypass --off");
        run.wait_for("drop mode", |it| mode(it.interface("w0")) == "drop, unconfirmed");
        let state = bpffs.state("w0");
        let gate = port12::mapped_read!(state.first(), policy.gate);
        assert_eq!(gate.drop_until, until, "the deadline is the one of before");
        run.stop();
    });
}

#[test]
fn a_killed_replacement_goes_on_or_back_and_drops_all_the_while() {
    for place in [
        "succeed.removed",
        "succeed.pinned",
        "upgrade.before",
        "upgrade.after",
        "succeed.attached",
        "succeed.exchanged",
    ] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let _older = Layout6::attach(&pair.near, &bpffs, &told(None));
            let (near, far) = (pair.near_raw(), pair.far_raw());
            let mut command = bpffs.command(&pair.near, "attach -i w0 --mode drop");
            let killed = command.env("PORT12_FAULT", format!("kill:{place}")).output().unwrap();
            assert!(!killed.status.success(), "{place}");
            far.send(&syn(BOTH[0], 12));
            bpffs.ok(&pair.near, "attach -i w0 --mode drop");
            far.send(&syn(BOTH[0], 12));
            far.send(&udp(BOTH[0], 40_002, b"mark"));
            let mut seen = Vec::new();
            until("the mark", || {
                seen.extend(near.received());
                seen.iter().any(|frame| frame.ends_with(b"mark")).then_some(())
            });
            let probes = seen.iter().filter(|frame| **frame == syn(BOTH[0], 12)).count();
            assert_eq!(probes, 0, "{place}: a probe reached the stack");
            let names: Vec<_> =
                fs::read_dir(bpffs.pins()).unwrap().map(|it| it.unwrap().file_name()).collect();
            assert_eq!(names, ["w0"], "{place}");
            let bans = bpffs.ok(&pair.near, "bans");
            assert!(bans.contains(BANNED), "{place}: {bans}");
            assert_eq!(stats(&bpffs, &pair).port("tcp", 12, "dropped"), 2, "{place}");
        });
    }
}

#[test]
fn a_kernel_that_exchanges_no_directories_has_the_same_end() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let _older = Layout6::attach(&pair.near, &bpffs, &told(None));
        let mut command = bpffs.command(&pair.near, "attach -i w0 --mode drop");
        let attached = command.env("PORT12_FAULT", "succeed.no_exchange").output().unwrap();
        assert!(attached.status.success());
        assert!(bpffs.ok(&pair.near, "bans").contains(BANNED));
        pair.far_raw().send(&syn(BOTH[0], 12));
        until("the drop", || (stats(&bpffs, &pair).port("tcp", 12, "dropped") == 1).then_some(()));
    });
}
