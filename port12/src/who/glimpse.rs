//! Process of a recent event, by the id that the kernel reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use procfs::process::Process as Procfs;

use crate::host::time::in_namespace;

use super::{Cgroup, Holder, Process, Through, cgroup, patience, process, sight};

/// Processes that are looked at, at most; of the others there is what the kernel told.
const MOST: usize = 16;

/// The start of a process is told in ticks.
const TICK: Duration = Duration::from_millis(10);

/// Facts of the kernel about the process of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Doer {
    /// The process, by its number in the first PID namespace.
    pub process: i32,
    /// Name of its thread.
    pub name: String,
    /// Its real user id.
    pub uid: u32,
    /// The id of its cgroup.
    pub cgroup: u64,
    /// When, since the machine booted.
    pub since_boot: Duration,
}

/// What there is to see of them by now, by number: one that has ended is known by what the kernel told. Of one that
/// has another number here, nothing is.
pub fn glimpse(doers: &[Doer]) -> BTreeMap<i32, Process> {
    if !sight::numbers_are_the_kernels() {
        return BTreeMap::new();
    }
    let last: BTreeMap<i32, &Doer> = doers.iter().map(|doer| (doer.process, doer)).collect();
    let clock = process::Clock::read();
    let questions: Vec<(i32, Duration)> =
        last.values().map(|doer| (doer.process, doer.since_boot)).take(MOST).collect();
    let seen = patience::ask(questions, move |(pid, did)| {
        let holder = Holder { pid, through: Through::Descriptor };
        process::describe(holder, clock).filter(|_| was_there(pid, did))
    });
    let mut seen: BTreeMap<i32, Process> =
        seen.answers.into_iter().filter_map(|((pid, _), it)| it.map(|it| (pid, it))).collect();
    let unseen = || last.values().filter(|doer| !seen.contains_key(&doer.process));
    let ids: BTreeSet<u64> = unseen().map(|doer| doer.cgroup).take(MOST).collect();
    let cgroups = cgroup::resolve(&ids);
    let told: Vec<_> =
        unseen().map(|doer| (doer.process, told(doer, cgroups.get(&doer.cgroup)))).collect();
    seen.extend(told);
    seen
}

/// Whether a process was there at some time since the machine booted: else it has the number of one that has
/// ended.
fn was_there(pid: i32, did: Duration) -> bool {
    let ticks = |process: Procfs| process.stat().map(|stat| stat.starttime);
    let started = Procfs::new(pid).and_then(ticks);
    let length = Duration::from_secs(1) / (procfs::ticks_per_second().clamp(1, 1_000_000) as u32);
    started.is_ok_and(|ticks| {
        length * u32::try_from(ticks).unwrap_or(u32::MAX) <= in_namespace(did) + TICK
    })
}

fn told(doer: &Doer, cgroup: Option<&Cgroup>) -> Process {
    Process {
        pid: doer.process,
        name: Some(doer.name.clone()),
        uid: Some(doer.uid),
        cgroup: cgroup.cloned(),
        ..Process::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::time::since_boot;

    fn doer(process: i32, since_boot: Duration) -> Doer {
        Doer { process, name: "told".into(), uid: 7, cgroup: u64::MAX, since_boot }
    }

    #[test]
    fn one_that_is_there_is_seen_and_one_that_has_ended_is_what_the_kernel_told() {
        let own = std::process::id() as i32;
        let seen = glimpse(&[doer(own, since_boot()), doer(i32::MAX, since_boot())]);
        if seen.is_empty() {
            return eprintln!("not run: in another PID namespace");
        }
        assert_eq!(seen[&own].command, std::env::args().collect::<Vec<_>>());
        let ended = &seen[&i32::MAX];
        assert_eq!((ended.name.as_deref(), ended.uid), (Some("told"), Some(7)));
        assert_eq!((&ended.program, ended.command.len()), (&None, 0));
    }

    #[test]
    fn a_process_that_came_later_is_another_with_its_number() {
        let own = std::process::id() as i32;
        let seen = glimpse(&[doer(own, Duration::ZERO)]);
        assert!(seen.get(&own).is_none_or(|it| it.name.as_deref() == Some("told")));
    }
}
