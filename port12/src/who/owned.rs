//! Owners of sockets that are known.

use std::collections::{BTreeSet, HashSet};

use super::{
    Holder, Owner, Process, holders,
    kept::{shortened, told},
    patience, process, sight,
};
use crate::host::{
    interfaces,
    sockets::{self, OpenSocket},
};

/// A socket of the calling thread's network namespace, and who has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owned {
    /// The socket.
    pub open: OpenSocket,
    /// The interface that it is bound to.
    pub device: Option<String>,
    /// Evidence for the owner.
    pub owner: Owner,
    /// The processes that have it, those with the lowest numbers, and of what they say of themselves the
    /// beginning. Of one that has ended the number is known alone. Where it was not seen who has it, who bound
    /// it, if that was heard of.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

impl Owned {
    /// A socket of which it was not seen who has it, but perhaps who bound it.
    pub fn unseen(binder: Option<Process>, open: OpenSocket) -> Self {
        let device = open.interface.map(device);
        let processes = binder.into_iter().collect();
        Self { open, device, owner: Owner::Unseen, processes, more_processes: 0 }
    }
}

/// The name of an interface, or what there is in its place.
fn device(index: u32) -> String {
    let link = interfaces::by_index(index);
    link.map_or_else(|_| format!("interface {index}"), |link| link.name)
}

/// Looks for the processes that have sockets which would take the start of a conversation. One that nobody
/// is seen to have, and that has gone meanwhile, is not taken for the kernel's own.
pub fn owners(open: Vec<OpenSocket>) -> Vec<Owned> {
    let wanted = open.iter().map(|socket| socket.inode).filter(|&inode| inode != 0).collect();
    let mut found = holders::find(&wanted);
    let left: HashSet<u32> = wanted.into_iter().filter(|&inode| !found.has(inode)).collect();
    let mut there = None;
    if !left.is_empty() {
        found.add_all(holders::find(&left));
        let open = sockets::scan().sockets;
        there = Some(open.into_iter().map(|socket| socket.cookie).collect::<HashSet<_>>());
    }
    let is_blind = sight::limits(&found, &mut Vec::new());
    let has_gone = |cookie: [u8; 8]| there.as_ref().is_some_and(|it| !it.contains(&cookie));
    let holders: BTreeSet<Holder> =
        open.iter().flat_map(|socket| told(found.of(socket.inode)).by).collect();
    let clock = process::Clock::read();
    let describe = move |holder| process::describe(holder, clock).map(shortened);
    let known = patience::ask(holders, describe).answers;
    let describe = |holder: &Holder| {
        let known = known.get(holder).cloned().flatten();
        known.unwrap_or_else(|| Process::stuck(*holder))
    };
    let own = |open: OpenSocket| {
        let held = told(found.of(open.inode));
        let owner = match held.by.is_empty() {
            false => Owner::Process,
            true if is_blind || has_gone(open.cookie) => Owner::Unseen,
            true => Owner::None,
        };
        Owned {
            device: open.interface.map(device),
            owner,
            processes: held.by.iter().map(describe).collect(),
            more_processes: held.more,
            open,
        }
    };
    open.into_iter().map(own).collect()
}
