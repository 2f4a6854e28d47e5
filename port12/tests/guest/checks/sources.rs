//! Who knocks, recorded by this kernel.

use std::{collections::BTreeSet, net::IpAddr};

use anyhow::{Result, ensure};
use port12::kernel::{
    instance::{Instance, LoadOptions},
    object::EntryPoint,
};
use port12_common::Transport;

use crate::frames;

/// Sources that knock, each twice; more than the table of a CPU has pairs of slots.
const SOURCES: u16 = 3000;
/// Where an IPv4 source address is in an Ethernet frame without a tag.
const SOURCE: usize = 14 + 12;

/// Sends probes from many sources, and reads who that was.
pub fn are_recorded(entry: EntryPoint) -> Result<String> {
    let instance = Instance::load(&LoadOptions::live(entry))?;
    instance.set_policy(&frames::policy());
    let mut frame = frames::syn();
    for number in 0..SOURCES {
        let [high, low] = number.to_be_bytes();
        frame[SOURCE..SOURCE + 4].copy_from_slice(&[11, 0, high, low]);
        for _ in 0..2 {
            instance.test_run(&frame)?;
        }
    }
    let sources = instance.sources().read();
    let seen = sources.merged();
    let counted: u64 = seen.values().map(|it| it.packets).sum();
    let sent = u64::from(SOURCES) * 2;
    let all = counted + sources.evicted.packets + sources.refused.packets;
    ensure!(all == sent, "{all} of {sent} probes are accounted for");
    let expected = BTreeSet::from([(Transport::Tcp, 12)]);
    for (address, it) in &seen {
        let IpAddr::V4(v4) = address else { anyhow::bail!("{address}") };
        ensure!(v4.octets()[..2] == [11, 0], "{address} did not knock");
        let ports: BTreeSet<_> = it.touched.ports().collect();
        ensure!(it.packets <= 2 && ports == expected, "{address}: {it:?}");
    }
    let error = (sources.distinct as f64 - f64::from(SOURCES)).abs() / f64::from(SOURCES);
    ensure!(error < 0.065, "{} of {SOURCES} sources, by estimate", sources.distinct);
    Ok(format!("{} of {SOURCES} remembered, {} by estimate", seen.len(), sources.distinct))
}
