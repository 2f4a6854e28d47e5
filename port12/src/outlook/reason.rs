//! Why a conversation start meets what it meets.

use port12_common::{Outcome, Transport, abi::Action};

use super::Outlook;
use crate::model::{Mode, ModeReason, ModeState};

impl Outlook {
    /// Cause of the outcome, for people.
    pub fn reason(&self, transport: Transport, mode: ModeState) -> &'static str {
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
            Outcome::Probe => self.passed(transport, mode),
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

    fn passed(&self, transport: Transport, mode: ModeState) -> &'static str {
        let is_looked_up = transport.has_lookup();
        match (mode.effective, mode.reason) {
            (Mode::Drop, _) => match self.action {
                Action::Drop { .. } => "drop mode, but that no socket has the port is not proven",
                _ if !is_looked_up => {
                    "drop mode leaves this transport alone, unless a rule names it"
                }
                Action::Assigned | Action::Ignore | Action::Watch => {
                    "drop mode, but a rule says to watch this port"
                }
            },
            (Mode::Monitor, None | Some(ModeReason::Unconfirmed)) => "monitor mode",
            (Mode::Monitor, Some(ModeReason::Expired)) => {
                "monitor mode: drop mode expired unconfirmed"
            }
            (Mode::Monitor, Some(ModeReason::Bypassed)) => "monitor mode, by `port12 bypass`",
            (Mode::Monitor, Some(ModeReason::Forwarding)) => "monitor mode: the host forwards",
            (Mode::Monitor, Some(ModeReason::Gone)) => "monitor mode: the interface is gone",
            (Mode::Monitor, Some(ModeReason::NotAttached)) => {
                "monitor mode: the program is not attached"
            }
        }
    }
}
