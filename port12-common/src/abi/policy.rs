//! What to do about each port.

use super::PORTS;
use crate::Transport;

/// What the policy says of one transport's port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Action {
    /// Assigned or reserved: not watched.
    #[default]
    Assigned,
    /// Unassigned, and not to be looked at.
    Ignore,
    /// Count a probe and pass it.
    Watch,
    /// Count a probe and drop it.
    Drop {
        /// Drop even where a local socket is there.
        enforce: bool,
    },
}

impl Action {
    const IGNORE: u8 = 1;
    const WATCH: u8 = 2;
    const DROP: u8 = 3;
    const DROP_ENFORCED: u8 = 4;

    /// The byte in [`Policy`].
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Assigned => 0,
            Self::Ignore => Self::IGNORE,
            Self::Watch => Self::WATCH,
            Self::Drop { enforce: false } => Self::DROP,
            Self::Drop { enforce: true } => Self::DROP_ENFORCED,
        }
    }

    /// The action of a byte in [`Policy`]; an unknown byte is [`Action::Assigned`], which passes.
    #[inline(always)]
    pub const fn from_byte(byte: u8) -> Self {
        ACTIONS[byte as usize]
    }

    const fn decode(byte: u8) -> Self {
        match byte {
            Self::IGNORE => Self::Ignore,
            Self::WATCH => Self::Watch,
            Self::DROP => Self::Drop { enforce: false },
            Self::DROP_ENFORCED => Self::Drop { enforce: true },
            _ => Self::Assigned,
        }
    }
}

/// By byte. A look-up rather than a decision: the kernel's verifier walks every way on from one.
static ACTIONS: [Action; 256] = {
    let mut actions = [Action::Assigned; 256];
    let mut byte = 0;
    while byte < actions.len() {
        actions[byte] = Action::decode(byte as u8);
        byte += 1;
    }
    actions
};

/// What to do about conversation starts for other hosts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u32)]
pub enum TransitPolicy {
    /// Pass them as `transit`.
    #[default]
    Pass = 0,
    /// Treat them as if they were for this host, and drop none: a SPAN port.
    Watch = 1,
    /// Treat them as if they were for this host.
    Drop = 2,
}

impl TransitPolicy {
    /// The policy of a number in [`Policy::transit`]; an unknown number passes.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Watch,
            2 => Self::Drop,
            _ => Self::Pass,
        }
    }
}

/// The policy in force.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Policy {
    /// A [`TransitPolicy`].
    pub transit: u32,
    /// 1 where a socket look-up that finds nothing proves that there is no socket: no bridge,
    /// VRF, VLAN or other device stands above the interface.
    pub lookup_proves: u32,
    /// By [`Transport`] and port: an [`Action`].
    pub actions: [[u8; PORTS]; Transport::ALL.len()],
}

impl Policy {
    /// A policy that watches nothing.
    pub const EMPTY: Self =
        Self { transit: 0, lookup_proves: 0, actions: [[0; PORTS]; Transport::ALL.len()] };

    /// The action for a well-known port.
    #[inline(always)]
    pub fn action(&self, transport: Transport, port: u16) -> Action {
        Action::from_byte(self.actions[transport as usize][usize::from(port) & (PORTS - 1)])
    }

    /// Sets the action for a well-known port.
    ///
    /// # Panics
    ///
    /// On a port above 1023.
    pub fn set(&mut self, transport: Transport, port: u16, action: Action) {
        self.actions[transport as usize][usize::from(port)] = action.to_byte();
    }
}

const _: () = assert!(size_of::<Policy>() == 8 + 5 * 1024);
