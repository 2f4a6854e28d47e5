//! A listener, as the sockets of the host show it.

use crate::{model::event::Listener, who::Owned};

impl From<Owned> for Listener {
    fn from(owned: Owned) -> Self {
        let Owned { open, device, owner, processes, more_processes } = owned;
        Self {
            transport: open.transport,
            port: open.port,
            address: open.address,
            dual_stack: open.dual_stack,
            device,
            uid: open.uid,
            inode: open.inode,
            owner,
            processes,
            more_processes,
        }
    }
}
