//! Bans in this kernel.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use port12::kernel::{
    banning::{Deeds, Terms},
    instance::{Instance, LoadOptions},
    object::EntryPoint,
};
use port12_common::{
    Outcome,
    abi::{Ban, HostTable},
};

use crate::frames;

const SENT: u64 = 5;

/// A banned source is dropped and counted, until its ban is over.
pub fn hold(entry: EntryPoint) -> Result<String> {
    let instance = instance(entry)?;
    let now = instance.now()?.jiffies;
    let mut bans = instance.bans(None)?;
    let source = "192.0.2.1".parse()?;
    bans.add("192.0.2.2".parse()?, Ban::FOR_EVER, now)?;
    ensure!(outcomes(&instance)? == (0, SENT), "another source is banned");
    bans.add(source, Ban::FOR_EVER, now)?;
    ensure!(outcomes(&instance)? == (SENT, SENT), "it does not hold");
    let ban = bans.list()?[&source];
    ensure!(ban.packets == SENT, "{ban:?}");
    bans.add(source, now, now)?;
    ensure!(outcomes(&instance)? == (SENT, 2 * SENT), "it is over");
    bans.expire(now)?;
    ensure!(bans.list()?.len() == 1, "{:?}", bans.list()?);
    Ok(format!("{SENT} packets dropped"))
}

/// The program bans by itself at its threshold, and spares whom it is told to.
pub fn are_made(entry: EntryPoint) -> Result<String> {
    let instance = instance(entry)?;
    let time = Duration::from_secs(600);
    instance.set_terms(Some(&Terms { after: SENT, time, within: time }));
    instance.vouch(&instance.now()?, time);
    let source = "192.0.2.1".parse()?;
    let mut guarded = instance.guarded()?;
    ensure!(guarded.set(&[source].into())?, "one address does not fit");
    ensure!(outcomes(&instance)? == (0, SENT), "it is banned too early");
    ensure!(outcomes(&instance)? == (0, 2 * SENT), "it is protected, and banned");
    guarded.set(&BTreeSet::new())?;
    ensure!(outcomes(&instance)? == (SENT - 1, 2 * SENT + 1), "it is not banned");
    let ban = instance.bans(None)?.list()?[&source];
    ensure!(ban.packets == SENT - 1 && ban.times == 1, "{ban:?}");
    let deeds = Deeds::read(instance.counters());
    ensure!(deeds.banned == 1 && deeds.spared == SENT + 1, "{deeds:?}");
    Ok(format!("{} packets dropped", ban.packets))
}

fn instance(entry: EntryPoint) -> Result<Instance> {
    let instance = Instance::load(&LoadOptions::live(entry))?;
    instance.set_policy(&frames::policy());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    instance.state().set_host(&host);
    Ok(instance)
}

/// Sends SYNs, and returns how many of all so far were dropped for a ban, and how many were probes.
fn outcomes(instance: &Instance) -> Result<(u64, u64)> {
    for _ in 0..SENT {
        instance.test_run(&frames::syn())?;
    }
    let snapshot = port12::snapshot::Snapshot::read(instance.counters());
    Ok((snapshot.outcome(Outcome::Banned).packets, snapshot.outcome(Outcome::Probe).packets))
}
