//! What is attached to stay: through the end of its process, restarts, and a deadline.

use std::{
    collections::BTreeSet,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use port12::{
    host::interfaces,
    kernel::{
        attach::Wanted,
        pin::PinDirectory,
        pinned::Pinned,
        state::{Rules, Standing},
    },
    policy::Mode,
    snapshot::Snapshot,
    watch::{Orders, Setup, Watched},
};
use port12_common::{Outcome, abi::Rule};

use crate::{
    frames,
    interface::{self, Attachment},
};

pub(super) const PINS: &str = "/sys/fs/bpf/port12";

/// Far longer than any of the waits below takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Attaches to stay, takes over three times, and detaches; counters and policy go on.
pub fn through_restarts(wanted: Wanted, nics: &[String]) -> Result<String> {
    let [nic, peer] = nics else {
        bail!("two virtio-net devices on one wire are needed, and there are {nics:?}");
    };
    let orders = orders(None);
    let mut dropped = 0;
    let mut programs = BTreeSet::new();
    for _ in 0..4 {
        attach(nic, wanted, &orders)?;
        let pinned = pinned(nic)?;
        ensure!(pinned.is_persistent(), "{nic} has no link");
        programs.insert(pinned.program_id());
        let (link, _) = pinned.attachment()?.context("the program is on no interface")?;
        ensure!(link.name == *nic, "the program is on {}", link.name);
        ensure!(pinned.state().standing(&pinned.now()?) == Standing::Drop, "it does not drop");
        let before = packets(&pinned, Outcome::Dropped);
        ensure!(before >= dropped, "the counters went back from {dropped} to {before}");
        wait("a dropped SYN", || {
            interface::send(peer, &frames::syn())?;
            Ok(packets(&pinned, Outcome::Dropped) > before)
        })?;
        dropped = packets(&pinned, Outcome::Dropped);
        ensure!(packets(&pinned, Outcome::Probe) == 0, "a SYN passed");
    }
    ensure!(programs.len() == 4, "the program was not replaced: {programs:?}");
    detach(nic)?;
    Ok(format!("{nic}, {dropped} dropped over 3 restarts"))
}

/// Drop mode ends at its deadline with nobody there.
pub fn reverts(wanted: Wanted, nics: &[String]) -> Result<String> {
    let [nic, peer] = nics else {
        bail!("two virtio-net devices on one wire are needed, and there are {nics:?}");
    };
    attach(nic, wanted, &orders(Some(Duration::from_secs(2))))?;
    let pinned = pinned(nic)?;
    wait("monitor mode", || {
        interface::send(peer, &frames::syn())?;
        Ok(packets(&pinned, Outcome::Probe) > 0)
    })?;
    let standing = pinned.state().standing(&pinned.now()?);
    ensure!(matches!(standing, Standing::Reverted { .. }), "it is {standing:?}");
    let dropped = packets(&pinned, Outcome::Dropped);
    // It keeps the link open.
    drop(pinned);
    detach(nic)?;
    Ok(format!("{nic}, after {dropped} drops"))
}

/// The guest's frames go to no address of its: for other hosts they are dropped alike.
pub(super) fn orders(confirm: Option<Duration>) -> Orders {
    let mut policy = Box::new(frames::policy());
    let dropping: &mut Rules = &mut policy.rules;
    let rule = Rule::new(
        port12_common::abi::Action::Drop { enforce: true },
        port12_common::abi::TransitPolicy::Drop,
    );
    dropping[port12_common::Transport::Tcp as usize][12] = rule;
    Orders {
        policy,
        mode: Mode::Drop,
        confirm,
        confirmed: false,
        allow: BTreeSet::new(),
        ban: None,
        expected: BTreeSet::new(),
    }
}

pub(super) fn attach(nic: &str, wanted: Wanted, orders: &Orders) -> Result<()> {
    let pins = PinDirectory::require(Path::new(PINS))?;
    let host = interfaces::by_name(nic)?;
    let setup = Setup { orders, wanted, trace: false, pins: Some(&pins), stay: true, kept: None };
    Watched::start(&host, &setup)?.detach();
    Ok(())
}

fn pinned(nic: &str) -> Result<Pinned> {
    let slots = port12::kernel::pin::slots(Path::new(PINS))?;
    let slot = slots.into_iter().find(|slot| slot.interface() == nic);
    Ok(Pinned::open(slot.with_context(|| format!("nothing is pinned for {nic}"))?)?)
}

fn packets(pinned: &Pinned, outcome: Outcome) -> u64 {
    Snapshot::read(pinned.counters()).outcome(outcome).packets
}

pub(super) fn detach(nic: &str) -> Result<()> {
    PinDirectory::require(Path::new(PINS))?.slot(nic).remove()?;
    wait("detachment", || Ok(interface::attachment(nic)? == Attachment::None))
}

fn wait(what: &str, mut arrived: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !arrived()? {
        ensure!(start.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
