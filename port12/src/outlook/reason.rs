//! Why a conversation start meets what it meets.

use port12_common::{Outcome, Transport, abi::Action};

use super::Outlook;
use crate::kernel::state::Standing;

impl Outlook {
    /// Why, for people; `standing` is how drop mode stands.
    pub fn reason(&self, transport: Transport, standing: Standing) -> &'static str {
        match self.outcome {
            Outcome::HighPort => "it is above 1023, where port12 watches nothing",
            Outcome::Assigned => "it is not among the ports that are watched",
            Outcome::Ignored => "the policy ignores it",
            Outcome::LocalSocket => "a socket of this host has the port",
            Outcome::Dropped => match self.action {
                Action::Drop { enforce: true } => "the policy enforces it, socket or none",
                Action::Assigned | Action::Ignore | Action::Watch | Action::Drop { .. } => {
                    "drop mode, and no socket of this host has the port"
                }
            },
            Outcome::Probe => self.passed(transport, standing),
            Outcome::NotIp
            | Outcome::Malformed
            | Outcome::TooDeep
            | Outcome::Fragment
            | Outcome::OtherTransport
            | Outcome::Reply
            | Outcome::Transit
            | Outcome::Allowed
            | Outcome::Banned => "it depends on the frame",
        }
    }

    fn passed(&self, transport: Transport, standing: Standing) -> &'static str {
        let is_looked_up = matches!(transport, Transport::Tcp | Transport::Udp);
        match (self.action, standing) {
            (Action::Drop { .. }, Standing::Drop | Standing::Unconfirmed { .. }) => {
                "drop mode, but that no socket has the port is not proven"
            }
            (_, Standing::Reverted { .. }) => "monitor mode, for nobody confirmed drop mode",
            (_, Standing::Bypassed) => "monitor mode, by `port12 bypass`",
            (_, Standing::Forwarding) => "monitor mode, for the host forwards",
            (_, Standing::Left) => "monitor mode, for the interface has left",
            (_, Standing::Monitor) => "monitor mode",
            (_, Standing::Drop | Standing::Unconfirmed { .. }) if !is_looked_up => {
                "drop mode leaves this transport alone, unless a rule names it"
            }
            (_, Standing::Drop | Standing::Unconfirmed { .. }) => {
                "drop mode, but a rule says to watch this port"
            }
        }
    }
}
