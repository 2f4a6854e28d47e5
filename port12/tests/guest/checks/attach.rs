//! A program on a virtio-net device.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use aya::{
    Ebpf,
    programs::{
        XdpMode,
        links::{FdLink, LinkType},
        xdp::XdpLink,
    },
};
use port12_common::Outcome;

use crate::{
    frames,
    interface::{self, Attachment},
    object,
};

/// Far longer than any of the waits below takes; only a kernel that never gets there meets it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Attaches by a `bpf_link`, sees a frame from the wire, detaches.
pub fn comes_and_goes(
    object: &mut Ebpf,
    name: &str,
    mode: XdpMode,
    nics: &[String],
) -> Result<String> {
    let [nic, peer] = nics else {
        bail!("two virtio-net devices on one wire are needed, and there are {nics:?}");
    };
    let program = object::program(object, name)?;
    let id = program.info()?.id();
    let attached = program.attach(nic, mode)?;
    let link = program.take_link(attached)?;
    let link = bpf_link(link, id)?;
    let expected = match mode {
        XdpMode::Skb => Attachment::Generic(id),
        XdpMode::Driver | XdpMode::Default | XdpMode::Hardware => Attachment::Native(id),
    };
    let found = interface::attachment(nic)?;
    ensure!(found == expected, "{nic} has {found:?}, not {expected:?}");
    let waited = sees_the_wire(object, peer)?;
    drop(link);
    wait(|| Ok(interface::attachment(nic)? == Attachment::None))
        .with_context(|| format!("the program is still on {nic} after its link was closed"))?;
    Ok(format!("{nic}, a frame from {peer} counted after {} ms", waited.as_millis()))
}

/// The link as the kernel's own kind, which is what can be pinned; aya falls back to netlink in
/// silence.
fn bpf_link(link: XdpLink, program: u32) -> Result<FdLink> {
    let link = FdLink::try_from(link).context("it was attached by netlink, not by a bpf_link")?;
    let info = link.info()?;
    let kind = info.link_type()?;
    ensure!(matches!(kind, LinkType::Xdp), "the link is of type {kind:?}");
    ensure!(info.program_id() == program, "the link is of program {}", info.program_id());
    Ok(link)
}

/// Sends a SYN to port 12 until it is counted; a device whose queues were just rebuilt may lose
/// the first.
fn sees_the_wire(object: &Ebpf, peer: &str) -> Result<Duration> {
    let start = Instant::now();
    let before = object::packets(object, Outcome::Probe)?;
    wait(|| {
        interface::send(peer, &frames::syn())?;
        Ok(object::packets(object, Outcome::Probe)? > before)
    })
    .with_context(|| format!("no SYN from {peer} to port 12 was counted as a probe"))?;
    Ok(start.elapsed())
}

fn wait(mut arrived: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !arrived()? {
        ensure!(start.elapsed() < PATIENCE, "gave up after {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
