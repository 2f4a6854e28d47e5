//! A `[[port]]` table: what the policy says of some ports.

use port12_common::{Transport, abi};
use strum::{EnumMessage, IntoStaticStr, VariantArray};

use super::Ports;
use crate::policy::Mode;

/// Treatment of probes to some ports.
#[derive(Clone, Copy, Debug, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum PortAction {
    /// Count them and pass them.
    Watch,
    /// Count them and drop them, in drop mode.
    Drop,
    /// Do not look at them.
    Ignore,
}

/// What the policy says of some ports. It says an action, whether listeners are expected, or both.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortRule {
    /// Which ports.
    pub ports: Vec<Ports>,
    /// Treatment of probes; `None` leaves the decision to an earlier rule or the mode.
    pub action: Option<PortAction>,
    /// Whether a drop goes ahead where a local socket is there; only for ports that are named.
    pub enforce: bool,
    /// Whether a listener there is what it should be; none leaves what an earlier rule says.
    pub expected: Option<bool>,
}

impl PortRule {
    /// Whether the rule speaks of a transport's ports. A drop takes proof that no socket waits,
    /// and the kernel looks up those of TCP and UDP alone: the others have to be named.
    pub fn covers(&self, ports: &Ports, transport: Transport) -> bool {
        match (ports.transport, self.action) {
            (Some(named), _) => named == transport,
            (None, Some(PortAction::Drop)) => transport.has_lookup(),
            (None, Some(PortAction::Watch | PortAction::Ignore) | None) => true,
        }
    }

    /// Treatment of probes in a mode.
    pub fn action(&self, mode: Mode) -> Option<abi::Action> {
        Some(match (self.action?, mode) {
            (PortAction::Ignore, _) => abi::Action::Ignore,
            (PortAction::Watch, _) | (PortAction::Drop, Mode::Monitor) => abi::Action::Watch,
            (PortAction::Drop, Mode::Drop) => abi::Action::Drop { enforce: self.enforce },
        })
    }
}
