//! Forecast for an unknown source.

use port12_common::{Transport, Verdict};
use serde::{Deserialize, Serialize};

use crate::{config::action_name, model::ModeState, outlook::Outlook};

/// Forecast for the flow start of an unknown source on one transport.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Forecast {
    /// Transport of the flow start.
    pub transport: Transport,
    /// Its destination port.
    pub port: u16,
    /// Action of the rule.
    pub action: String,
    /// Name of an outcome, or `unknown`.
    pub outcome: String,
    /// `pass`, `drop` or `unknown`.
    pub verdict: String,
    /// Reason, for people.
    pub why: String,
}

impl Forecast {
    /// The forecast of the outlooks without and with a local socket; both are the same when the
    /// sockets could be listed.
    pub fn of(either: [Outlook; 2], (transport, port): (Transport, u16), mode: ModeState) -> Self {
        let [outlook, other] = either;
        let same = outlook.outcome == other.outcome;
        Self {
            transport,
            port,
            action: action_name(outlook.action).to_owned(),
            outcome: if same { outlook.outcome.as_str() } else { "unknown" }.to_owned(),
            verdict: match (outlook.outcome.verdict(), other.outcome.verdict()) {
                (Verdict::Pass, Verdict::Pass) => "pass",
                (Verdict::Drop, Verdict::Drop) => "drop",
                (Verdict::Pass, Verdict::Drop) | (Verdict::Drop, Verdict::Pass) => "unknown",
            }
            .to_owned(),
            why: match same {
                true => outlook.reason(transport, mode),
                false => "sockets cannot be listed, and a listener would receive it",
            }
            .to_owned(),
        }
    }

    /// Whether it says the same, on whichever transport.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.action, &self.outcome, &self.verdict, &self.why)
            == (&other.action, &other.outcome, &other.verdict, &other.why)
    }
}
