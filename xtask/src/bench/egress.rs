//! What the program over packets that leave adds to a packet, beyond one that leaves the verdict to others at once.

use std::os::fd::AsFd as _;

use anyhow::{Result, ensure};
use aya::programs::TestRunOptions;
use port12::{
    config::{Config, Layer},
    kernel::egress::Egress,
    registry::Registry,
};
use port12_common::Layer as LinkLayer;
use serde::Serialize;

use super::{
    bare::{CLASSIFIER, returning, test_run},
    cpu::timed,
    frames::{self, ACK, SYN, Version, tcp, udp},
    statistics::{Sample, Summary},
};

/// `TC_ACT_UNSPEC` of linux/pkt_cls.h.
const NEXT: u32 = u32::MAX;

/// A packet.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Whether it is counted.
    pub is_counted: bool,
    /// Nanoseconds that it adds.
    pub cost: Summary,
}

fn packets() -> [(&'static str, Vec<u8>, bool); 6] {
    [
        ("TCP to a high port, v4", frames::frame(Version::V4, &tcp(40000, ACK)), false),
        ("TCP to a high port, v6", frames::frame(Version::V6, &tcp(40000, ACK)), false),
        ("UDP to a high port, v4", frames::frame(Version::V4, &udp(40000)), false),
        ("TCP to an assigned port, v4", frames::frame(Version::V4, &tcp(443, ACK)), false),
        ("ICMP, v4", frames::frame(Version::V4, &frames::icmp()), false),
        ("SYN to 12 again, v4", frames::frame(Version::V4, &tcp(12, SYN)), true),
    ]
}

/// Measures each in every round, each beside the bare program. The thread's network namespace is this host's.
pub fn measure(rounds: u32, repeat: u32) -> Result<Vec<Row>> {
    let bare = returning(CLASSIFIER, NEXT)?;
    let mut egress = Egress::load()?;
    let compiled = Config::of(None, Layer::default()).compile(Registry::embedded());
    egress.set_rules(&compiled.policy.rules);
    let mut rows = Vec::new();
    let packets = packets();
    let mut samples = packets.each_ref().map(|_| Vec::new());
    for round in 0..=rounds {
        for ((name, packet, is_counted), samples) in packets.iter().zip(&mut samples) {
            let (floor, returned) = timed(|| test_run(bare.as_fd(), packet, repeat))?;
            ensure!(returned == NEXT, "the bare program returned {returned}");
            let before = counted(&egress);
            let (cost, verdict) = timed(|| {
                let options =
                    TestRunOptions { data_in: Some(packet), repeat, ..TestRunOptions::new() };
                Ok(egress.test_run(LinkLayer::Ethernet, options)?.return_value)
            })?;
            ensure!(verdict == NEXT, "{name}: port12 returned {verdict}");
            let counts = counted(&egress) - before;
            ensure!(counts == if *is_counted { repeat.into() } else { 0 }, "{name}: {counts}");
            let per_packet = |time: f64| time / f64::from(repeat);
            if round > 0 {
                samples.push(Sample { floor: per_packet(floor), cost: per_packet(cost) });
            }
        }
    }
    for ((name, _, is_counted), samples) in packets.into_iter().zip(samples) {
        rows.push(Row { name, is_counted, cost: Summary::of(&samples) });
    }
    Ok(rows)
}

fn counted(egress: &Egress) -> u64 {
    egress.tallies().values().map(|tally| tally.packets).sum()
}
