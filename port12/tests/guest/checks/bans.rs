//! Bans in this kernel.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use port12::{
    kernel::{
        banning::{self, Scope, Terms},
        instance::{Instance, LoadOptions},
        object::EntryPoint,
    },
    snapshot::Snapshot,
};
use port12_common::{
    Outcome,
    abi::{Ban, HostTable},
};

use crate::frames;

const SENT: u64 = 5;

/// A banned source is dropped and counted, until its ban is over.
pub fn hold(entry: EntryPoint) -> Result<String> {
    let instance = instance(&LoadOptions::live(entry))?;
    let now = instance.now()?.jiffies;
    let mut bans = instance.bans(None)?;
    let source = "192.0.2.1".parse()?;
    bans.add("192.0.2.2".parse()?, (Ban::FOR_EVER, Scope::Unassigned), now)?;
    ensure!(outcomes(&instance)? == (0, SENT), "another source is banned");
    bans.add(source, (Ban::FOR_EVER, Scope::Unassigned), now)?;
    ensure!(outcomes(&instance)? == (SENT, SENT), "it does not hold");
    let ban = bans.list()?[&source];
    ensure!(ban.packets == SENT, "{ban:?}");
    bans.add(source, (now, Scope::Unassigned), now)?;
    ensure!(outcomes(&instance)? == (SENT, 2 * SENT), "it is over");
    bans.expire(&bans.list()?, now)?;
    ensure!(bans.list()?.len() == 1, "{:?}", bans.list()?);
    Ok(format!("{SENT} packets dropped"))
}

/// The program bans by itself at its threshold, and spares whom it is told to.
pub fn are_made(entry: EntryPoint) -> Result<String> {
    let instance = instance(&LoadOptions::live(entry))?;
    let time = Duration::from_secs(600);
    let scope = Scope::Unassigned;
    instance.set_terms(Some(&Terms { after: Some(SENT), time, within: time, scope }));
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
    let deeds = banning::stats(instance.counters());
    ensure!(deeds.banned == 1 && deeds.protected == SENT + 1, "{deeds:?}");
    Ok(format!("{} packets dropped", ban.packets))
}

/// Of a source that is banned with scope `all`, a SYN and segments without a connection are dropped, later fragments
/// pass, and nothing of a protected source is dropped.
pub fn shut_out(entry: EntryPoint) -> Result<String> {
    let instance = instance(&LoadOptions { shuts_out: true, ..LoadOptions::live(entry) })?;
    let now = instance.now()?.jiffies;
    let (mut bans, mut guarded) = (instance.bans(None)?, instance.guarded()?);
    let source = "192.0.2.1".parse()?;
    let frames = [frames::syn(), frames::high_port(), frames::later_fragment()];
    let send = || -> Result<u64> {
        for frame in &frames {
            instance.test_run(frame)?;
        }
        Ok(Snapshot::read(instance.counters()).outcome(Outcome::Banned).packets)
    };
    ensure!(send()? == 0, "nobody is banned");
    bans.add(source, (Ban::FOR_EVER, Scope::All), now)?;
    ensure!(send()? == 2, "not all is dropped, or a later fragment is");
    ensure!(guarded.set(&[source].into())?, "one address does not fit");
    ensure!(send()? == 3, "of a protected source, more is dropped than its probe");
    guarded.set(&BTreeSet::new())?;
    ensure!(send()? == 5, "it is protected no longer");
    Ok("2 of 3 kinds of frames dropped".to_owned())
}

fn instance(options: &LoadOptions<'_>) -> Result<Instance> {
    let instance = Instance::load(options)?;
    instance.set_policy(&frames::policy());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    host.sockets.lookup_proves = 1;
    instance.state().set_host(&host);
    Ok(instance)
}

/// Sends SYNs, and returns how many of all so far were dropped for a ban, and how many were probes.
fn outcomes(instance: &Instance) -> Result<(u64, u64)> {
    for _ in 0..SENT {
        instance.test_run(&frames::syn())?;
    }
    let snapshot = Snapshot::read(instance.counters());
    Ok((snapshot.outcome(Outcome::Banned).packets, snapshot.outcome(Outcome::Probe).packets))
}
