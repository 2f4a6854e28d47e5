//! Bans in this kernel.

use anyhow::{Result, ensure};
use port12::kernel::{
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
    let instance = Instance::load(&LoadOptions::live(entry))?;
    instance.set_policy(&frames::policy());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    instance.state().set_host(&host);
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

/// Sends SYNs, and returns how many of all so far were dropped for a ban, and how many were probes.
fn outcomes(instance: &Instance) -> Result<(u64, u64)> {
    for _ in 0..SENT {
        instance.test_run(&frames::syn())?;
    }
    let snapshot = port12::snapshot::Snapshot::read(instance.counters());
    Ok((snapshot.outcome(Outcome::Banned).packets, snapshot.outcome(Outcome::Probe).packets))
}
