//! The element that tells a program instance what to do, shared with the kernel and with every
//! process that has it mapped.

mod vlans;
mod writer;

use std::{
    collections::BTreeSet,
    fmt, io,
    sync::atomic::{Ordering, fence},
};

use aya::maps::MapData;
use port12_common::{
    Transport,
    abi::{
        ExpectedPorts, Gate, Header, Local, OLDER_VERSION, PORTS, Policy, Rule, Sockets, State,
        VERSION, bypass,
    },
};
use thiserror::Error;

pub use self::writer::StateWriter;
use super::{
    clock::Moment,
    mapped::{Element, Mapped},
};
use crate::{mapped_part, mapped_read};

/// Why the state of an instance is not used.
#[derive(Debug, Error)]
pub enum StateError {
    /// It was written by another version of port12.
    #[error(
        "its maps have layout version {found}, and this port12 reads version {VERSION}: nothing \
         was touched; {}",
        remedy(*found)
    )]
    Version {
        /// The version that its header says.
        found: u64,
    },
    /// It cannot be mapped.
    #[error(
        "its state cannot be read ({0}): it is not port12's, or is of another version; `port12 \
         detach --force` removes it"
    )]
    Unreadable(#[from] io::Error),
}

/// Way to go on from maps of another layout.
fn remedy(found: u64) -> &'static str {
    match found == u64::from(OLDER_VERSION) {
        true => {
            "`port12 attach` or `port12 run --pin` copies policy, bans and counters, and replaces the program"
        }
        false => "detach it with the port12 that attached it, or `port12 detach --force`",
    }
}

/// How drop mode stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// No rule drops.
    Monitor,
    /// The rules that drop are in force, with no end.
    Drop,
    /// They are in force until a time in jiffies, unless somebody confirms.
    Unconfirmed {
        /// The deadline.
        until: u64,
    },
    /// Nobody confirmed in time: nothing is dropped.
    Reverted {
        /// When, in jiffies.
        at: u64,
    },
    /// Somebody stopped all dropping.
    Bypassed,
    /// The host forwards, so that a missing socket proves nothing.
    Forwarding,
    /// The interface has left.
    Left,
}

impl fmt::Display for Standing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Monitor => "monitor",
            Self::Drop => "drop",
            Self::Unconfirmed { .. } => "drop, unconfirmed",
            Self::Reverted { .. } => "monitor, drop mode expired unconfirmed",
            Self::Bypassed => "monitor, bypassed",
            Self::Forwarding => "monitor, the host forwards",
            Self::Left => "monitor, the interface is gone",
        })
    }
}

impl Standing {
    /// Whether what the rules say is dropped.
    pub fn drops(self) -> bool {
        matches!(self, Self::Drop | Self::Unconfirmed { .. })
    }
}

/// Ports on which the policy expects a listener.
#[derive(Clone, Copy, Debug)]
pub struct Expected(ExpectedPorts);

impl Expected {
    /// No port.
    pub const NONE: Self = Self([[0; PORTS / 64]; Transport::ALL.len()]);

    /// The ports of a set.
    pub fn of(ports: &BTreeSet<(Transport, u16)>) -> Self {
        let mut bits: ExpectedPorts = [[0; PORTS / 64]; Transport::ALL.len()];
        for &(transport, port) in ports {
            if let Some(word) = bits[transport as usize].get_mut(usize::from(port) / 64) {
                *word |= 1 << (port % 64);
            }
        }
        Self(bits)
    }

    /// Whether a port is among them.
    pub fn contains(&self, transport: Transport, port: u16) -> bool {
        let word = self.0[transport as usize].get(usize::from(port) / 64);
        word.is_some_and(|word| word >> (port % 64) & 1 == 1)
    }
}

/// The rules of all ports.
pub type Rules = [[Rule; PORTS]; Transport::ALL.len()];

/// The state of one instance, to be read.
#[derive(Clone)]
pub struct StateMap(Mapped<State>);

impl StateMap {
    /// Opens the state in a map that another process has made.
    ///
    /// # Errors
    ///
    /// [`StateError::Version`] if it is of another layout.
    pub fn open(map: &MapData) -> Result<Self, StateError> {
        check(map)?;
        Ok(Self(Mapped::new(map)?))
    }

    /// Header of the instance.
    pub fn header(&self) -> Header {
        mapped_read!(self.0.first(), header)
    }

    /// Whether the program looks for bans of scope `all`.
    pub fn shuts_out(&self) -> bool {
        self.header().shuts_out != 0
    }

    /// Index of the table of local addresses that is in force.
    fn active(&self) -> usize {
        (mapped_read!(self.0.first(), host.active) & 1) as usize
    }

    /// The addresses of the host that are in force.
    pub(super) fn addresses(&self) -> Box<Local> {
        Box::new(mapped_read!(self.0.first(), host.local[self.active()]))
    }

    /// Socket table of the program.
    pub fn sockets(&self) -> Sockets {
        mapped_read!(self.0.first(), host.sockets)
    }

    /// The policy in force.
    pub fn policy(&self) -> Box<Policy> {
        let (lists, too_deep) = (self.policy_lists(), self.too_deep());
        Box::new(Policy { gate: self.gate(), lists, rules: *self.rules(), too_deep })
    }

    /// Whether somebody keeps what the program knows of sockets fresh.
    pub fn is_fresh(&self, now: &Moment) -> bool {
        now.jiffies <= mapped_read!(self.0.first(), host.sockets.valid_until)
    }

    /// The rules in force.
    pub fn rules(&self) -> Box<Rules> {
        Box::new(mapped_read!(self.0.first(), policy.rules))
    }

    /// The ports on which the policy expects a listener.
    pub fn expected(&self) -> Expected {
        Expected(mapped_read!(self.0.first(), expected))
    }

    /// Verdict on packets that are too deep: [`Policy::too_deep`].
    pub fn too_deep(&self) -> u64 {
        latest(mapped_part!(self.0.first(), policy.too_deep))
    }

    /// Lists of sources that are not empty: bits of [`Policy::lists`].
    pub fn policy_lists(&self) -> u64 {
        latest(mapped_part!(self.0.first(), policy.lists))
    }

    /// Whether the program looks for bans.
    pub fn looks_for_bans(&self) -> bool {
        self.policy_lists() & Policy::BANS != 0
    }

    /// The gate in force.
    pub fn gate(&self) -> Gate {
        Gate {
            drop_until: latest(mapped_part!(self.0.first(), policy.gate.drop_until)),
            bypass: latest(mapped_part!(self.0.first(), policy.gate.bypass)),
        }
    }

    /// How drop mode stands. A bypass stops bans too, which hold in monitor mode.
    pub fn standing(&self, now: &Moment) -> Standing {
        let gate = self.gate();
        match gate.bypass {
            0 => trial(gate.drop_until, now),
            reasons if reasons & bypass::OPERATOR != 0 => Standing::Bypassed,
            reasons if reasons & bypass::FORWARDS != 0 => Standing::Forwarding,
            _ => Standing::Left,
        }
    }

    /// How drop mode would stand if nothing stopped it.
    pub fn trial(&self, now: &Moment) -> Standing {
        trial(self.gate().drop_until, now)
    }
}

/// Refuses a map of another layout: the header is in its place in every layout, whatever follows.
fn check(map: &MapData) -> Result<(), StateError> {
    let header: Header = Mapped::<Header>::first_of(map)?;
    match header.version == u64::from(VERSION) {
        true => Ok(()),
        false => Err(StateError::Version { found: header.version }),
    }
}

/// A word that other processes write atomically, in the order of the accesses before it: memory that is mapped to be
/// read takes no atomic access.
fn latest(word: Element<'_, u64>) -> u64 {
    fence(Ordering::SeqCst);
    word.read()
}

fn trial(drop_until: u64, now: &Moment) -> Standing {
    match drop_until {
        0 => Standing::Monitor,
        Gate::FOR_EVER => Standing::Drop,
        until if until > now.jiffies => Standing::Unconfirmed { until },
        at => Standing::Reverted { at },
    }
}

/// Waits until every frame that was in the program has left it.
pub fn let_frames_pass() {
    /// `MEMBARRIER_CMD_GLOBAL` (linux/membarrier.h, kernel 4.3): an RCU grace period.
    const GLOBAL: libc::c_int = 1;
    // SAFETY: the system call takes numbers. Where it is missing, a frame in flight may see a rule
    // of before with a gate of after, as it would without the wait.
    unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0) };
}
