//! Effect of all rules on the ports.

use port12_common::{Transport, abi::Action};

use super::Compiled;
use crate::registry::PortSet;

/// Effect on a port that is watched or ignored.
const ACTIONS: [Action; 4] = [
    Action::Watch,
    Action::Drop { enforce: false },
    Action::Drop { enforce: true },
    Action::Ignore,
];

/// The name of an action: `watch`, `drop`, `enforce`, `ignore`, or `assigned` of a port that is not
/// watched.
pub const fn action_name(action: Action) -> &'static str {
    match action {
        Action::Assigned => "assigned",
        Action::Ignore => "ignore",
        Action::Watch => "watch",
        Action::Drop { enforce: false } => "drop",
        Action::Drop { enforce: true } => "enforce",
    }
}

/// The ports of a transport of which the same becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Effect {
    /// The transport.
    pub transport: Transport,
    /// `watch`, `drop`, `enforce` (a drop even where a socket is) or `ignore`.
    pub action: &'static str,
    /// The ports, of which there is at least one.
    pub ports: PortSet,
}

impl Compiled {
    /// Effect on every port that the registry or the policy names.
    pub fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for transport in Transport::ALL {
            for wanted in ACTIONS {
                let is_meant = |port: &u16| self.policy.rule(transport, *port).action() == wanted;
                let ports: PortSet = (0..1024).filter(is_meant).collect();
                if !ports.is_empty() {
                    effects.push(Effect { transport, action: action_name(wanted), ports });
                }
            }
        }
        effects
    }
}
