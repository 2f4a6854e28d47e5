//! Facts about a port on one transport.

use crate::registry::State;

/// Everything that advice depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Situation {
    /// Registry state; `None` above 1023.
    pub state: Option<State>,
    /// Treatment of flow starts.
    pub watching: Watching,
    /// Owner of the port.
    pub listening: Listening,
    /// Whether the policy expects a listener.
    pub is_expected: bool,
    /// Packets since the counters began.
    pub came: Came,
    /// Whether somebody is known to use the port that IANA does not name.
    pub has_known_use: bool,
}

/// Treatment of flow starts: the least protection of all interfaces of this host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Watching {
    /// Whether anything watches cannot be seen.
    Unseen,
    /// Nothing watches.
    Nothing,
    /// Something does, but not this port.
    NotWatched,
    /// The policy ignores the port.
    Ignored,
    /// They are counted and passed.
    Monitors,
    /// The rule drops them, and is not in force.
    Suspended(Suspension),
    /// They are dropped, unless a socket has the port.
    Drops,
    /// They are dropped, even where a socket has the port.
    Enforces,
}

/// Why a rule that drops is not in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Suspension {
    /// Nobody confirmed it in time.
    Reverted,
    /// `port12 bypass`.
    Bypassed,
    /// The host forwards.
    Forwarding,
    /// The interface has left.
    Left,
}

/// Owner of the port, the most remarkable of several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listening {
    /// The sockets of the transport cannot be seen.
    Unseen,
    /// Nobody.
    Nobody,
    /// No listener, but a connection or a socket that is merely bound.
    Connected,
    /// A socket that no process has: the kernel's own, as a rule.
    Kernel,
    /// A listener, of which not all that could have it were seen.
    OwnerUnseen,
    /// A process that listens.
    Process,
    /// A process, where another file lies in place of the program that it runs.
    Replaced,
    /// A process, where nothing lies any longer in place of the program that it runs.
    Deleted,
}

/// Counted flow starts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Came {
    /// To a port without a socket, and passed.
    pub passed: bool,
    /// To a port without a socket, and dropped.
    pub dropped: bool,
    /// To a socket.
    pub reached: bool,
    /// From banned sources, to whichever port: they are counted for none.
    pub banned: bool,
}

impl Watching {
    /// Whether conversation starts are counted.
    pub const fn is_watched(self) -> bool {
        matches!(self, Self::Monitors | Self::Suspended(_) | Self::Drops | Self::Enforces)
    }
}

impl Listening {
    /// Whether a conversation start has a taker.
    pub const fn takes(self) -> bool {
        match self {
            Self::Kernel | Self::OwnerUnseen | Self::Process | Self::Replaced | Self::Deleted => {
                true
            }
            Self::Unseen | Self::Nobody | Self::Connected => false,
        }
    }
}

impl Came {
    /// Whether anything was counted for the port.
    pub const fn is_counted(self) -> bool {
        self.passed || self.dropped || self.reached
    }

    /// Whether anything came while no socket had the port.
    pub const fn knocked(self) -> bool {
        self.passed || self.dropped
    }
}

impl Situation {
    /// Whether a listener is one that somebody should look into.
    pub fn is_unexpected(&self) -> bool {
        let is_silent = matches!(self.state, Some(State::Unassigned | State::Reserved));
        !self.is_expected && (is_silent || self.watching.is_watched())
    }
}
