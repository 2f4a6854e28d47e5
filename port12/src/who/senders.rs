//! Senders of packets.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
};

use port12_common::Transport;

use super::{
    Behind, Holder, OnDisk, PacketOrigin, Process, Program, Sender, Through, holders,
    kept::{shortened, told},
    patience, process,
};
use crate::host::sockets::{self, PortRanges};

/// Looks for the processes behind packets. Those that were running come first, for they may end at any time. A walk
/// over all processes is made where one of the others is to be found, and `may_walk` says yes.
pub fn senders(origins: &[PacketOrigin], may_walk: impl FnOnce() -> bool) -> Vec<Sender> {
    let running = Running::of(origins);
    let inodes = inodes(origins);
    let held = held_by_running(origins, &inodes);
    let of_running = |origin: &PacketOrigin| held.get(&origin.running.as_ref()?.0);
    let is_held =
        |origin: &PacketOrigin, inode| of_running(origin).is_some_and(|it| it.contains(&inode));
    let wanted: HashSet<u32> = origins
        .iter()
        .filter_map(|origin| Some((origin, *inodes.get(&origin.cookie)?)))
        .filter(|(origin, inode)| !is_held(origin, *inode))
        .map(|(_, inode)| inode)
        .collect();
    let walks = !wanted.is_empty() && may_walk();
    let walked = match walks {
        true => holders::find(&wanted),
        false => holders::Found::default(),
    };
    let described = describe(wanted.iter().flat_map(|&inode| told(walked.of(inode)).by));
    let sender = |origin: &PacketOrigin| match inodes.get(&origin.cookie) {
        None => running.sender(origin, Behind::Running, false),
        Some(inode) if !wanted.contains(inode) => running.sender(origin, Behind::Holders, false),
        Some(&inode) => {
            let held = told(walked.of(inode));
            let known = |holder: &Holder| {
                let known = described.get(holder).cloned().flatten();
                known.unwrap_or_else(|| Process::stuck(*holder))
            };
            match held.by.is_empty() {
                // Somebody has it, who is not looked for; it is not the one that was running.
                true => {
                    let lacks = !walks && of_running(origin).is_some();
                    running.sender(origin, Behind::Running, lacks)
                }
                false => Sender {
                    behind: Behind::Holders,
                    processes: held.by.iter().map(known).collect(),
                    more_processes: held.more,
                },
            }
        }
    };
    origins.iter().map(sender).collect()
}

/// The sockets that those processes have which were running when their packets left, as far as that can be seen.
fn held_by_running(
    origins: &[PacketOrigin],
    inodes: &BTreeMap<u64, u32>,
) -> BTreeMap<i32, HashSet<u32>> {
    let mut wanted: BTreeMap<i32, HashSet<u32>> = BTreeMap::new();
    for origin in origins {
        if let (Some((pid, _)), Some(&inode)) = (&origin.running, inodes.get(&origin.cookie)) {
            wanted.entry(*pid).or_default().insert(inode);
        }
    }
    let held = |(pid, wanted)| Some((pid, holders::held(pid, &wanted)?));
    wanted.into_iter().filter_map(held).collect()
}

/// The processes that were running when packets left.
struct Running {
    /// Program of each, as it was found at once.
    programs: BTreeMap<i32, Program>,
    /// Those that were there for longer.
    described: BTreeMap<Holder, Option<Process>>,
    /// Those of other network namespaces, which were interrupted.
    strangers: BTreeSet<i32>,
}

impl Running {
    fn of(origins: &[PacketOrigin]) -> Self {
        let pids: BTreeSet<i32> =
            origins.iter().filter_map(|it| it.running.as_ref()).map(|(pid, _)| *pid).collect();
        // A look at a link waits for nobody.
        let programs = pids.iter().filter_map(|&pid| Some((pid, program(pid)?))).collect();
        let strangers = pids.iter().copied().filter(|&pid| is_stranger(pid)).collect();
        let holders = pids.into_iter().map(|pid| Holder { pid, through: Through::Descriptor });
        Self { programs, described: describe(holders), strangers }
    }

    /// The sender that the process is which was running. One that is there, and is not seen to have the socket, has
    /// to have its user at least, to be of this network namespace, and not to lack the socket while it is open.
    fn sender(&self, origin: &PacketOrigin, behind: Behind, lacks: bool) -> Sender {
        let Some((pid, name)) = &origin.running else {
            return Sender::UNSEEN;
        };
        let holder = Holder { pid: *pid, through: Through::Descriptor };
        let described = self.described.get(&holder).cloned().flatten();
        let is_there = |it: &Process| it.program.is_some() || !it.command.is_empty();
        if let Some(process) = described.filter(is_there) {
            let is_likely = || {
                !lacks
                    && !self.strangers.contains(pid)
                    && process.uid.is_none_or(|uid| uid == origin.uid)
            };
            let may_be = behind == Behind::Holders || is_likely();
            return match may_be {
                true => Sender { behind, processes: vec![process], more_processes: 0 },
                false => Sender::UNSEEN,
            };
        }
        if process::is_of_kernel(*pid) == Some(true) {
            return Sender::UNSEEN;
        }
        let process = Process {
            pid: *pid,
            name: name.clone(),
            program: self.programs.get(pid).cloned(),
            uid: Some(origin.uid),
            ..Process::default()
        };
        let process = shortened(process);
        Sender { behind: Behind::Ended, processes: vec![process], more_processes: 0 }
    }
}

/// Whether a process is seen to be of another network namespace than the calling thread.
fn is_stranger(pid: i32) -> bool {
    let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    let own = of("thread-self");
    own.is_some() && of(&pid.to_string()).is_some_and(|it| Some(it) != own)
}

/// Program of a process, without a look at the file.
fn program(pid: i32) -> Option<Program> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let path = path.to_string_lossy().into_owned();
    Some(match path.strip_suffix(" (deleted)") {
        Some(path) => Program { path: path.to_owned(), on_disk: OnDisk::Deleted },
        None => Program { path, on_disk: OnDisk::Unknown },
    })
}

fn describe(holders: impl Iterator<Item = Holder>) -> BTreeMap<Holder, Option<Process>> {
    let holders: BTreeSet<Holder> = holders.collect();
    if holders.is_empty() {
        return BTreeMap::new();
    }
    let clock = process::Clock::read();
    patience::ask(holders, move |holder| process::describe(holder, clock).map(shortened)).answers
}

/// The inodes of the origins' sockets, by cookie; of those that are closed there is none, and raw sockets are not
/// looked for.
fn inodes(origins: &[PacketOrigin]) -> BTreeMap<u64, u32> {
    let ports = Transport::ALL.map(|transport| {
        let of = origins.iter().filter(|it| it.transport == transport);
        of.map(|it| (it.source_port, it.source_port)).collect::<PortRanges>()
    });
    let open = sockets::bound(&ports);
    let open = open.sockets.into_iter().filter(|socket| socket.inode != 0);
    open.map(|socket| (u64::from_ne_bytes(socket.cookie), socket.inode)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A retransmission leaves in an interrupt, whoever that interrupts.
    #[test]
    fn one_that_was_interrupted_is_not_blamed() {
        let origin = PacketOrigin {
            transport: Transport::Tcp,
            source_port: 40_000,
            uid: 7,
            cookie: 1,
            running: Some((4711, None)),
        };
        let holder = Holder { pid: 4711, through: Through::Descriptor };
        let process =
            Process { pid: 4711, command: vec!["nc".into()], uid: Some(7), ..Process::default() };
        let mut running = Running {
            programs: BTreeMap::new(),
            described: [(holder, Some(process))].into(),
            strangers: BTreeSet::new(),
        };
        let behind =
            |running: &Running, lacks| running.sender(&origin, Behind::Running, lacks).behind;
        assert_eq!(behind(&running, false), Behind::Running);
        assert_eq!(behind(&running, true), Behind::Unseen);
        running.strangers.insert(4711);
        assert_eq!(behind(&running, false), Behind::Unseen);
        assert_eq!(running.sender(&origin, Behind::Holders, false).behind, Behind::Holders);
        assert!(!is_stranger(std::process::id() as i32) && !is_stranger(i32::MAX));
    }
}
