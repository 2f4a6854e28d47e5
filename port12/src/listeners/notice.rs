//! What is told of a listener.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::Transport;

use crate::who::{Owned, Owner, Process};

/// A listener, or an unconnected socket, on a watched port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Its port.
    pub port: u16,
    /// Its address; unspecified where it takes any.
    pub address: IpAddr,
    /// Whether it is an IPv6 socket on any address that takes IPv4 too.
    pub dual_stack: bool,
    /// The interface that it is bound to.
    pub device: Option<String>,
    /// The user who made it.
    pub uid: u32,
    /// The inode of its first socket; 0 where it had gone before it was seen.
    pub inode: u32,
    /// Who has it.
    pub owner: Owner,
    /// The processes that had it when it was first seen; where that was not seen, who bound it, if that was heard of.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

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

impl Listener {
    /// Whether it may be the kernel's own. A socket that is on its way from one process to another has none
    /// either, and whoever sends it to himself can see to that when it is looked at: it has his user id.
    pub fn may_be_kernels(&self) -> bool {
        self.owner == Owner::None && self.uid == 0
    }
}

/// What has happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// A listener is there.
    Appeared {
        /// Whether it was there at the first look, or when the port began to be watched.
        at_start: bool,
    },
    /// A listener was there, and had gone when it was looked for. It is known by what its bind told.
    Passed,
    /// The last of its sockets has gone.
    Left,
    /// Conversation starts have reached a socket. From whom the kernel program does not record.
    Reached {
        /// Where they came in.
        interface: Arc<str>,
        /// How many did since that was told last.
        packets: u64,
        /// Other listeners on the port.
        others: usize,
    },
}

/// How much it matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// A listener has gone, or the kernel has one of its own.
    Low,
    /// There is a listener.
    Medium,
    /// Somebody has reached it.
    High,
}

impl Severity {
    /// As Suricata has it: 1 is the highest, 3 the lowest.
    pub const fn number(self) -> u8 {
        match self {
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
        }
    }
}

/// One thing to tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// When it was seen.
    pub time: SystemTime,
    /// What has happened.
    pub what: What,
    /// The transport.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// The listener, where it was seen: a knock may reach one that is gone before anybody looks.
    pub listener: Option<Arc<Listener>>,
}

impl Notice {
    /// What is told of a listener.
    pub fn of(listener: &Arc<Listener>, what: What, time: SystemTime) -> Self {
        let (transport, port) = (listener.transport, listener.port);
        Self { time, what, transport, port, listener: Some(Arc::clone(listener)) }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match (&self.what, &self.listener) {
            (What::Left, _) => Severity::Low,
            (_, Some(listener)) if listener.may_be_kernels() => Severity::Low,
            (What::Reached { .. }, Some(_)) => Severity::High,
            (What::Appeared { .. } | What::Passed, _) | (What::Reached { .. }, None) => {
                Severity::Medium
            }
        }
    }
}
