//! Policy of each port, by the mode and the registry.

use port12_common::{
    Transport,
    abi::{self, Action, Gate, PORTS, Rule, TransitPolicy},
};
use serde::{Deserialize, Serialize};
use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// The unassigned ports: by transport, a bit per port.
pub type Watched = [[u64; PORTS / 64]; Transport::ALL.len()];

/// Whether probes are only counted.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Eq,
    PartialEq,
    Serialize,
    EnumMessage,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Count probes and pass them.
    #[default]
    Monitor,
    /// Count TCP and UDP probes and drop them; count the other transports' and pass them.
    Drop,
}

impl Mode {
    /// `monitor` or `drop`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Drop => "drop",
        }
    }

    /// What becomes of a probe. The kernel can look up no SCTP, DCCP or UDP-Lite socket, and a
    /// drop needs proof that there is none, so those are watched in either mode.
    fn action(self, transport: Transport) -> Action {
        match self {
            Self::Drop if transport.has_lookup() => Action::Drop { enforce: false },
            Self::Drop | Self::Monitor => Action::Watch,
        }
    }
}

/// Treatment of flow starts for other hosts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Transit {
    /// Pass and count them as transit
    #[default]
    Pass,
    /// Count them as probes and pass them: a mirror port
    Watch,
    /// Treat them like those for this host
    Drop,
}

impl From<Transit> for TransitPolicy {
    fn from(transit: Transit) -> Self {
        match transit {
            Transit::Pass => Self::Pass,
            Transit::Watch => Self::Watch,
            Transit::Drop => Self::Drop,
        }
    }
}

/// Whether drop mode is refused where this host forwards.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Forwarding {
    /// Refuse: a published port or a masqueraded reply has no socket here
    #[default]
    Refuse,
    /// Drop flow starts for this host's own addresses without a socket all the same
    Drop,
}

/// Verdict on packets with more headers than port12 reads, while a rule or a ban of scope `all` drops.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum TooDeepPolicy {
    /// Drop them
    #[default]
    Drop,
    /// Pass them
    Pass,
}

/// The policy for the kernel program.
pub fn policy(watched: &Watched, mode: Mode, transit: TransitPolicy) -> Box<abi::Policy> {
    let mut policy = Box::new(abi::Policy::EMPTY);
    policy.gate = match mode {
        Mode::Monitor => Gate::SHUT,
        Mode::Drop => Gate::OPEN,
    };
    for of in Transport::ALL {
        for port in 0..1024_u16 {
            let word = watched[of as usize][usize::from(port) / 64];
            if word >> (port % 64) & 1 == 1 {
                policy.set(of, port, Rule::new(mode.action(of), transit));
            }
        }
    }
    policy.too_deep = abi::Policy::too_deep_by(&policy.rules, false);
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_mode_drops_only_what_a_socket_can_be_looked_up_for() {
        let mut watched = [[0; 16]; Transport::ALL.len()];
        watched.iter_mut().for_each(|bits| bits[0] = 1 << 12);
        let policy = policy(&watched, Mode::Drop, TransitPolicy::Pass);
        let drop = Action::Drop { enforce: false };
        let actions = Transport::ALL.map(|transport| policy.rule(transport, 12).action());
        assert_eq!(actions, [drop, drop, Action::Watch, Action::Watch, Action::Watch]);
        assert_eq!(policy.rule(Transport::Tcp, 13).action(), Action::Assigned);
    }

    #[test]
    fn monitor_mode_drops_nothing() {
        let policy = policy(&[[u64::MAX; 16]; 5], Mode::Monitor, TransitPolicy::Pass);
        for transport in Transport::ALL {
            assert!((0..1024).all(|port| policy.rule(transport, port).action() == Action::Watch));
        }
    }
}
