//! A ban table that spoofed sources have filled.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use port12::kernel::pinned::writable_bans;
use port12_common::abi::{BANNED, Ban};

use crate::support::{
    Banning, addresses::NEAR, banning::entries, frame::syn, lab, raw::Raw, reaches, until,
};

fn near(last: u8) -> IpAddr {
    IpAddr::from([10, 12, 0, last])
}

fn spoofed(number: usize) -> IpAddr {
    Ipv4Addr::from_bits(0x0b00_0000 + u32::try_from(number).unwrap()).into()
}

/// Sends probes, and waits until they are counted.
fn probe(far: &Raw, source: IpAddr, times: u64) {
    (0..times).for_each(|_| far.send(&syn((NEAR.into(), source), 12)));
    // Frames keep their order.
    reaches(far, 443);
}

/// Fills the table with bans of the program that have dropped nothing, and end with a given ban.
fn fill(host: &Banning, ban: Ban) {
    let slots = port12::kernel::pin::slots(&host.bpffs.pins()).unwrap();
    let mut bans = writable_bans(&slots[0]).unwrap();
    let free = BANNED - bans.list().unwrap().len();
    let ban = Ban { packets: 0, ..ban };
    let spoofed: BTreeMap<IpAddr, Ban> = (0..free).map(|number| (spoofed(number), ban)).collect();
    bans.inherit(&spoofed, ban.since).unwrap();
}

#[test]
fn a_scanner_is_banned_although_spoofed_sources_have_filled_the_table() {
    lab(|| {
        let host = Banning::new("after = 3\nfor = \"1h\"");
        let mut run = host.run("");
        let far = host.pair.far_raw();
        host.bpffs.ok(&host.pair.near, "ban --force 10.12.0.30 10.12.0.31");
        for heavy in [20, 21] {
            probe(&far, near(heavy), 9);
        }
        fill(&host, host.entry(near(20)).unwrap());
        until("the newcomer's ban", || {
            probe(&far, near(40), 1);
            host.entry(near(40))
        });
        let said = run.wait_until_said("the ban table was nearly full");
        assert!(said.contains("of 8192 bans)"), "{said}");
        assert!(said.contains("raise `after` in [ban]"), "{said}");
        let removed = until("a removed ban", || {
            let entries = entries(&host.bpffs);
            (1..BANNED / 2).map(spoofed).find(|source| !entries.contains_key(source))
        });
        until("its ban as of a source that goes on", || {
            probe(&far, removed, 1);
            host.entry(removed)
        });
        probe(&far, near(40), 2);
        // The daemon sweeps twice more.
        for _ in 0..2 {
            let before = host.protected_until();
            until("the next second", || (host.protected_until() > before).then_some(()));
        }
        let entries = entries(&host.bpffs);
        assert!(entries.len() < BANNED - 1000, "{} bans", entries.len());
        for (last, packets) in [(20, 6), (21, 6), (30, 0), (31, 0)] {
            assert_eq!(entries[&near(last)].packets, packets, "10.12.0.{last}");
        }
        assert!(entries[&near(40)].packets >= 2);
        run.signal(libc::SIGINT);
        let said = run.wait().said;
        let count = |phrase: &str| said.iter().filter(|line| line.contains(phrase)).count();
        assert_eq!(count("the ban table was nearly full"), 1, "{said:#?}");
        assert_eq!(count("10.12.0.40 is banned for"), 1, "{said:#?}");
        assert_eq!(count("is over"), 0, "{said:#?}");
    });
}
