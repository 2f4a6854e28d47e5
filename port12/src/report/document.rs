//! Report of `run`, `stats` and `replay`: a state, with the rates over a period.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Baseline, State};

/// Period of a report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The time since the last report.
    Interval,
    /// The time since the start; the last report.
    Totals,
}

/// One report: counters since the program was attached, rates over a period.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Period.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Seconds since the start of the process, or of the capture.
    pub elapsed_seconds: f64,
    /// Length of the period in seconds; null in a report without a period, which has no rates.
    pub period_seconds: Option<f64>,
    /// State at the end of the period.
    #[serde(flatten)]
    pub state: State,
    /// The capture, in the last report of a replay; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
}

impl Report {
    /// Report of the time from a baseline to a state.
    pub fn over(kind: Kind, baseline: &Baseline, mut state: State, elapsed_seconds: f64) -> Self {
        baseline.fill(&mut state);
        let period_seconds = Some(baseline.seconds_until(&state));
        Self { kind, elapsed_seconds, period_seconds, state, capture: None }
    }

    /// Report without a period.
    pub fn of(state: State) -> Self {
        Self {
            kind: Kind::Totals,
            elapsed_seconds: 0.0,
            period_seconds: None,
            state,
            capture: None,
        }
    }
}

/// A replayed capture.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capture {
    /// `pcap` or `pcapng`.
    pub format: String,
    /// Frames that were read. Those that were not cut are the sum of the outcomes.
    pub frames: u64,
    /// Frames that the snap length cut before the end of their headers.
    pub cut: u64,
    /// Frames that the kernel's test-run refuses, and the classifier judged in this process.
    pub user_engine: u64,
    /// Frames that were not read, by link type.
    pub refused: BTreeMap<String, u64>,
    /// `complete`, or the place and the cause of an early end.
    pub end: String,
}
