//! What leaves, watched on this kernel.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use aya::{programs::TestRunOptions, util::KernelVersion};
use port12::{
    host::interfaces::by_name,
    kernel::egress::{Asks, Egress, HookKind, Process, has_left, sweep},
    outbound::Reading,
};
use port12_common::{Layer, abi::OutboundTally};

use crate::{frames, interface};

/// Loads, attaches by the way that this kernel has, counts a SYN from a packet socket, and leaves nothing behind.
pub fn counts(nics: &[String]) -> Result<String> {
    let [nic, ..] = nics else { bail!("a virtio-net device is needed, and there is none") };
    let mut egress = Egress::load()?;
    egress.set_rules(&frames::policy().rules);
    let mut ring = egress.ring()?;
    let link = by_name(nic)?;
    let mut hook = egress.attach(&link, Layer::Ethernet)?;
    let version = KernelVersion::current()?;
    let kind = match version >= KernelVersion::new(6, 6, 0) {
        true => HookKind::Tcx,
        false => HookKind::Clsact,
    };
    ensure!(hook.kind() == kind, "it is attached by {}", hook.kind().as_str());
    interface::send(nic, &frames::syn())?;
    interface::send(nic, &frames::high_port())?;
    let counted = one(&egress)?;
    let length = frames::syn().len() as u64;
    ensure!((counted.packets, counted.bytes) == (1, length), "{counted:?}");
    let record = ring.next().context("nothing is told of it")?;
    let contact = Reading::new().contact(&record, |_| nic.as_str().into());
    let contact = contact.context("the record cannot be read")?;
    ensure!(contact.port == 12 && contact.uid == 0 && contact.cookie != 0, "{contact:?}");
    let asks = egress.asks();
    ensure!(
        contact.running.as_ref().map(|it| it.0) == (asks.process != Process::Nothing).then_some(1),
        "{contact:?}"
    );
    let age = contact.time.elapsed().unwrap_or_default();
    ensure!(age < Duration::from_secs(60), "{age:?}");
    drop(record);
    hook.take_off();
    interface::send(nic, &frames::syn())?;
    ensure!(one(&egress)?.packets == 1, "it counts on");
    ensure!(!has_left(link.index), "a filter is still there");
    // One that a killed port12 leaves.
    if kind == HookKind::Clsact {
        std::mem::forget(egress.attach(&link, Layer::Ethernet)?);
        ensure!(has_left(link.index) && sweep(link.index)? == 1 && !has_left(link.index), "left");
    }
    let Asks { process, namespace } = asks;
    Ok(format!("{} on {nic}, process {process:?}, namespace {namespace}", kind.as_str()))
}

/// Both programs, over frames.
pub fn frames() -> Result<String> {
    let mut egress = Egress::load()?;
    egress.set_rules(&frames::policy().rules);
    for layer in [Layer::Ethernet, Layer::Ip] {
        let options =
            TestRunOptions { data_in: Some(&frames::later_fragment()), ..TestRunOptions::new() };
        let verdict = egress.test_run(layer, options)?.return_value;
        ensure!(verdict == u32::MAX, "{layer:?}: {verdict}");
    }
    Ok("both programs".to_owned())
}

fn one(egress: &Egress) -> Result<OutboundTally> {
    let tallies = egress.tallies();
    ensure!(tallies.len() == 1, "{tallies:?}");
    tallies.into_values().next().context("nothing is counted")
}
