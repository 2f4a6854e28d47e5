//! Sockets without a process are looked at twice: they may have been closed, or handed on, while the
//! processes were looked at one after the other.

use std::collections::{BTreeSet, HashSet};

use port12_common::Transport;

use super::{Answer, Question, entry::Socket, holders};
use crate::host::sockets::OpenSockets;

impl Question {
    /// Looks once more for the holders of sockets that nobody seems to have, and leaves out those that
    /// have gone.
    pub(super) fn confirm(
        &self,
        answer: &Answer,
        sockets: &mut Vec<Socket>,
        found: &mut holders::Found,
    ) {
        let left = unowned(sockets, found);
        if left.is_empty() {
            return;
        }
        found.add_all(holders::find(&left));
        let left = unowned(sockets, found);
        let places: BTreeSet<u64> = sockets
            .iter()
            .filter(|socket| left.contains(&socket.open.inode))
            .map(|socket| socket.namespace)
            .collect();
        let (mut asked, mut there) = (HashSet::new(), HashSet::new());
        for (index, namespace) in answer.namespaces.iter().enumerate() {
            if !places.contains(&namespace.inode) {
                continue;
            }
            let open = match index {
                0 => self.list().open,
                _ => match namespace.enter(|| self.list()) {
                    Ok(Some(listed)) => listed.open,
                    // It has gone, and its sockets with it.
                    Ok(None) => OpenSockets::default(),
                    Err(_) => continue,
                },
            };
            let seen = |it: &Transport| !open.unseen.contains_key(it);
            asked.extend(Transport::ALL.into_iter().filter(seen).map(|it| (namespace.inode, it)));
            there.extend(open.sockets.into_iter().map(|open| (namespace.inode, open.cookie)));
        }
        sockets.retain(|socket| {
            !left.contains(&socket.open.inode)
                || !asked.contains(&(socket.namespace, socket.open.transport))
                || there.contains(&(socket.namespace, socket.open.cookie))
        });
    }
}

/// The inodes of sockets that nobody was seen to have.
fn unowned(sockets: &[Socket], found: &holders::Found) -> HashSet<u32> {
    let inodes = sockets.iter().map(|socket| socket.open.inode);
    inodes.filter(|&inode| inode != 0 && !found.has(inode)).collect()
}
