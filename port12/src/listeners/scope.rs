//! The ports on which a listener is worth telling of.

use std::collections::BTreeSet;

use port12_common::{
    Transport,
    abi::{Action, PORTS, Policy},
};

/// Watched ports on which the policy expects no listener.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope(BTreeSet<(Transport, u16)>);

impl Scope {
    /// Those of a policy, without those on which a listener is `expected`.
    pub fn of(policy: &Policy, expected: &BTreeSet<(Transport, u16)>) -> Self {
        let ports = |transport| (0..PORTS as u16).map(move |port| (transport, port));
        let is_watched = |&(transport, port): &(Transport, u16)| {
            matches!(policy.rule(transport, port).action(), Action::Watch | Action::Drop { .. })
        };
        let all = Transport::ALL.into_iter().flat_map(ports);
        Self(all.filter(is_watched).filter(|it| !expected.contains(it)).collect())
    }

    /// Those that another one does not have.
    pub(super) fn beyond(&self, other: &Self) -> BTreeSet<(Transport, u16)> {
        self.0.difference(&other.0).copied().collect()
    }

    /// Whether a port is among them.
    pub fn has(&self, transport: Transport, port: u16) -> bool {
        self.0.contains(&(transport, port))
    }
}

impl FromIterator<(Transport, u16)> for Scope {
    fn from_iter<I: IntoIterator<Item = (Transport, u16)>>(ports: I) -> Self {
        Self(ports.into_iter().collect())
    }
}
