//! Forecast for the flow start of an unknown source, by the classifier itself.
//!
//! A stranger is a source that is neither allowed nor banned, and knocks at this very host.

mod reason;

use port12_common::{
    Allowed, Flow, Layer, Lookup, Outcome, Socket, Tables, Transport,
    abi::{Action, HostTable, Policy, Sockets},
    classify,
};

/// The source port of the stranger; nobody is connected to it.
const SOURCE_PORT: u16 = 40_000;

/// Forecast for a flow start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outlook {
    /// Outcome.
    pub outcome: Outcome,
    /// Action of the port's rule; [`Action::Assigned`] above 1023.
    pub action: Action,
}

/// Conditions besides the frame.
pub struct Conditions {
    policy: Box<Policy>,
    host: Box<HostTable>,
    now: u64,
}

impl Conditions {
    /// The rules and the gate of a policy, what is known of sockets, and the time in jiffies.
    pub fn new(policy: Box<Policy>, sockets: Sockets, now: u64) -> Self {
        // Without a table of addresses every destination is this host.
        let host = Box::new(HostTable { sockets, ..HostTable::UNKNOWN });
        Self { policy, host, now }
    }

    /// The conditions while somebody keeps these sockets fresh and no device stands above the interface.
    pub fn kept(policy: Box<Policy>, sockets: impl IntoIterator<Item = (Transport, u16)>) -> Self {
        let mut known = Sockets { valid_until: u64::MAX, lookup_proves: 1, ..Sockets::EMPTY };
        for (transport, port) in sockets {
            known.insert(transport, port);
        }
        Self::new(policy, known, 0)
    }

    /// What becomes of a conversation start. `is_found`: whether the kernel's look-up would find a TCP
    /// listener or an unconnected UDP socket.
    pub fn outlook(&self, transport: Transport, port: u16, is_found: bool) -> Outlook {
        let tables = Tables {
            policy: &self.policy,
            host: &self.host,
            allowed: Allowed::default(),
            banned: &[],
            shuts_out: false,
            now: self.now,
            lookup: Found(is_found),
        };
        let outcome = classify(&start(transport, port).as_slice(), Layer::Ip, &tables).outcome;
        let action = match outcome {
            Outcome::HighPort => Action::Assigned,
            _ => self.policy.rule(transport, port).action(),
        };
        Outlook { outcome, action }
    }
}

/// A host of which a look-up finds one socket, or none.
struct Found(bool);

impl Lookup for Found {
    fn socket(&self, _: &Flow) -> Socket {
        if self.0 { Socket::Bound } else { Socket::None }
    }
}

/// The shortest packet that starts a conversation, from one address of TEST-NET-1 (RFC 5737) to
/// another.
fn start(transport: Transport, port: u16) -> Vec<u8> {
    let (protocol, rest) = (transport.protocol(), transport.info().flow_start);
    let length = 20 + 4 + rest.len() as u8;
    let mut packet = vec![0x45, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend([192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(SOURCE_PORT.to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend(rest);
    packet
}

#[cfg(test)]
mod tests {
    use port12_common::abi::{Gate, Rule, TransitPolicy};

    use super::*;

    fn policy(action: Action, gate: Gate) -> Box<Policy> {
        let mut policy = Box::new(Policy { gate, lists: u64::MAX, ..Policy::EMPTY });
        for transport in Transport::ALL {
            policy.set(transport, 12, Rule::new(action, TransitPolicy::Pass));
        }
        policy
    }

    /// The outcomes, by transport.
    fn outcomes(conditions: &Conditions, port: u16, is_found: bool) -> [Outcome; 5] {
        Transport::ALL.map(|transport| conditions.outlook(transport, port, is_found).outcome)
    }

    const DROP: Action = Action::Drop { enforce: false };

    #[test]
    fn a_stranger_meets_what_the_rule_says() {
        for (action, gate, expected) in [
            (Action::Assigned, Gate::OPEN, Outcome::Assigned),
            (Action::Ignore, Gate::OPEN, Outcome::Ignored),
            (Action::Watch, Gate::OPEN, Outcome::Probe),
            (DROP, Gate::OPEN, Outcome::Dropped),
            (DROP, Gate::SHUT, Outcome::Probe),
            (DROP, Gate { bypass: 1, ..Gate::OPEN }, Outcome::Probe),
            (Action::Drop { enforce: true }, Gate::OPEN, Outcome::Dropped),
        ] {
            let conditions = Conditions::kept(policy(action, gate), []);
            assert_eq!(outcomes(&conditions, 12, false), [expected; 5], "{action:?} {gate:?}");
            assert_eq!(conditions.outlook(Transport::Tcp, 12, false).action, action);
            assert_eq!(outcomes(&conditions, 13, false), [Outcome::Assigned; 5]);
        }
    }

    #[test]
    fn a_socket_goes_before_a_drop_unless_the_policy_enforces_it() {
        let sockets = || Transport::ALL.map(|transport| (transport, 12));
        let kept = Conditions::kept(policy(DROP, Gate::OPEN), sockets());
        assert_eq!(outcomes(&kept, 12, true), [Outcome::LocalSocket; 5]);
        let enforced = Action::Drop { enforce: true };
        let kept = Conditions::kept(policy(enforced, Gate::OPEN), sockets());
        assert_eq!(outcomes(&kept, 12, true), [Outcome::Dropped; 5]);
    }

    #[test]
    fn without_a_daemon_only_what_can_be_looked_up_is_dropped() {
        let stale = |lookup_proves| {
            let sockets = Sockets { lookup_proves, ..Sockets::EMPTY };
            Conditions::new(policy(DROP, Gate::OPEN), sockets, 1)
        };
        let (probe, dropped, taken) = (Outcome::Probe, Outcome::Dropped, Outcome::LocalSocket);
        assert_eq!(outcomes(&stale(1), 12, false), [dropped, dropped, probe, probe, probe]);
        assert_eq!(outcomes(&stale(1), 12, true), [taken, taken, probe, probe, probe]);
        assert_eq!(outcomes(&stale(0), 12, false), [probe; 5]);
    }

    #[test]
    fn a_high_port_is_none_of_those_that_are_watched() {
        let conditions = Conditions::kept(policy(DROP, Gate::OPEN), []);
        for port in [1024, 1036, u16::MAX] {
            assert_eq!(outcomes(&conditions, port, false), [Outcome::HighPort; 5]);
            assert_eq!(conditions.outlook(Transport::Tcp, port, false).action, Action::Assigned);
        }
    }
}
