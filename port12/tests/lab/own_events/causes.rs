//! Rarer causes of events, each with its record in every sink.

use std::{collections::BTreeMap, net::IpAddr};

use port12::kernel::pinned::writable_bans;
use port12_common::abi::{BANNED, Ban};

use super::{Sinks, own};
use crate::{
    globs::sit,
    support::{Banning, Bpffs, Pair, Port12, foreign, lab},
};

#[test]
fn a_ban_table_that_is_full_of_the_operators_bans_is_reported() {
    lab(|| {
        let host = Banning::new("after = 3\nfor = \"1h\"");
        let mut sinks = Sinks::new();
        let mut run = host.run(&sinks.args());
        let slots = port12::kernel::pin::slots(&host.bpffs.pins()).unwrap();
        let ban = Ban { until: Ban::FOR_EVER, origin: Ban::OPERATOR, ..Ban::default() };
        let source = |number: u32| IpAddr::from((0x0b00_0000 + number).to_be_bytes());
        let bans: BTreeMap<_, _> = (0..BANNED as u32).map(|it| (source(it), ban)).collect();
        writable_bans(&slots[0]).unwrap().inherit(&bans, 0).unwrap();
        let said = "w0: the ban table is full: 8192 of 8192 bans";
        let record = sinks.wait(Some(&mut run), 1_012_012, said, " BAN=table_full");
        assert_eq!(
            (&own(&record)["operator_bans"], &own(&record)["evicted"]),
            (&8192.into(), &0.into())
        );
        run.stop();
    });
}

#[test]
fn pins_that_cannot_be_restored_are_reported() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let mut run = bpffs.run_here(&pair.near, &format!("-i w0 {}", sinks.args()));
        bpffs.unmount();
        let said = "the pins were removed by another process, and cannot be restored";
        let record = sinks.wait(Some(&mut run), 1_012_024, said, " CHANGE=pins_lost");
        assert_eq!(own(&record)["pins"], bpffs.pins().display().to_string());
        assert_eq!(record["alert"]["severity"], 2);
        bpffs.mount();
        sinks.wait(Some(&mut run), 1_012_025, "and are restored", " CHANGE=pins_restored");
        run.stop();
    });
}

#[test]
fn an_interface_that_cannot_be_watched_is_reported() {
    lab(|| {
        let (pair, mut sinks) = (Pair::new(), Sinks::new());
        let mut run = Port12::start(&pair.near, &format!("-i w0 -i new* {}", sinks.args()));
        let _sit = sit(&pair.near, "new0");
        let said = "new0 has come, and is not watched: ";
        let record = sinks.wait(Some(&mut run), 1_012_021, said, " CHANGE=failed");
        assert_eq!(
            (&record["in_iface"], &record["alert"]["severity"]),
            (&"new0".into(), &2.into())
        );
        assert!(own(&record)["why"].is_string(), "{record}");
        run.stop();
    });
}

#[test]
fn an_interface_that_is_renamed_is_reported() {
    lab(|| {
        let (pair, mut sinks) = (Pair::new(), Sinks::new());
        let mut run = Port12::start(&pair.near, &format!("-i w0 {}", sinks.args()));
        pair.near.sh("ip link set w0 down && ip link set w0 name w7 && ip link set w7 up");
        let said = "w0 has the name w7";
        let record = sinks.wait(Some(&mut run), 1_012_027, said, " CHANGE=renamed");
        assert_eq!(own(&record)["name"], "w7");
        run.stop();
    });
}

#[test]
fn a_program_that_is_attached_again_is_reported() {
    lab(|| {
        let (pair, bpffs, mut sinks) = (Pair::new(), Bpffs::new(), Sinks::new());
        let args = format!("-i w0 --reattach {}", sinks.args());
        let mut run = bpffs.run(&pair.near, &args);
        foreign::detach(&pair.near, "w0");
        sinks.wait(Some(&mut run), 1_012_022, "w0: port12's XDP program was", " CHANGE=detached");
        let said = "w0: attached again: native XDP";
        sinks.wait(Some(&mut run), 1_012_023, said, " CHANGE=attached_again");
        run.stop();
    });
}
