//! The mode that was asked for, and the mode in force.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::policy::Mode;

/// Cause of a difference between the mode asked for and the mode in force, or of its end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModeReason {
    /// Drop mode ends unless somebody confirms it.
    Unconfirmed,
    /// Drop mode ended, because nobody confirmed it in time.
    Expired,
    /// `port12 bypass` stopped all dropping.
    Bypassed,
    /// Dropping stopped, because the host forwards.
    Forwarding,
    /// Dropping stopped, because the interface is gone or in another network namespace.
    Gone,
    /// The program is not attached to an interface of this network namespace.
    NotAttached,
}

/// Mode of one interface.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModeState {
    /// Mode that the policy asks for.
    pub requested: Mode,
    /// Mode in force.
    pub effective: Mode,
    /// Cause of a difference, or of an end to come; null if there is neither.
    pub reason: Option<ModeReason>,
    /// Seconds until drop mode ends unless somebody confirms it; null if it has no end.
    pub reverts_in_seconds: Option<u64>,
}

impl fmt::Display for ModeState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effective = self.effective.as_str();
        match self.reason {
            None => out.write_str(effective),
            Some(reason) => write!(out, "{effective}, {reason}"),
        }
    }
}

impl fmt::Display for ModeReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Unconfirmed => "unconfirmed",
            Self::Expired => "drop mode expired unconfirmed",
            Self::Bypassed => "bypassed",
            Self::Forwarding => "the host forwards",
            Self::Gone => "the interface is gone",
            Self::NotAttached => "the program is not attached",
        })
    }
}

impl ModeState {
    /// Mode of an interface on which nothing interferes.
    pub const fn plain(mode: Mode) -> Self {
        Self { requested: mode, effective: mode, reason: None, reverts_in_seconds: None }
    }
}
