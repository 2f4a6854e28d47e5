//! What a stranger would meet, as it is told.

use port12_common::{Transport, Verdict};
use serde::Serialize;

use crate::{config::action_name, kernel::state::Standing, outlook::Outlook};

/// What becomes of a stranger's conversation start on one transport.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Forecast {
    /// What the rule says.
    pub(super) action: &'static str,
    pub(super) outcome: &'static str,
    /// `pass` or `drop`.
    pub(super) verdict: &'static str,
    pub(super) why: &'static str,
}

impl Forecast {
    pub(super) fn of(outlook: &Outlook, transport: Transport, standing: Standing) -> Self {
        Self {
            action: action_name(outlook.action),
            outcome: outlook.outcome.as_str(),
            verdict: match outlook.outcome.verdict() {
                Verdict::Pass => "pass",
                Verdict::Drop => "drop",
            },
            why: outlook.reason(transport, standing),
        }
    }
}
