//! Changes of the host that a program without a daemon does not take into account.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A change since the program was attached. Drop mode may drop legitimate packets, since no daemon adapts the program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum HostChange {
    /// The host forwards.
    Forwards {
        /// Evidence, for people.
        evidence: String,
    },
    /// The host may forward: that cannot be read.
    ForwardingUnknown {
        /// Cause, for people.
        error: String,
    },
    /// A device above the interface makes socket look-ups inconclusive.
    Stacked {
        /// Evidence, for people.
        evidence: String,
    },
    /// The devices above the interface cannot be read.
    StackUnknown {
        /// Cause, for people.
        error: String,
    },
    /// The interface of the program cannot be read.
    PlaceUnknown {
        /// Cause, for people.
        error: String,
    },
}

/// Command that helps in each case.
const BYPASS: &str = "`port12 bypass` stops all dropping";

impl fmt::Display for HostChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forwards { evidence } => write!(
                out,
                "{evidence}: packets for a forwarded port have no socket here and may be dropped, \
                 since no daemon runs that would stop dropping; {BYPASS}"
            ),
            Self::ForwardingUnknown { error } => {
                write!(out, "whether this host forwards by now cannot be read ({error}); {BYPASS}")
            }
            Self::Stacked { evidence } => write!(
                out,
                "{evidence}, which was not so at the attachment: packets for sockets that are \
                 bound to it may be dropped; `port12 attach` adapts the program, {BYPASS}"
            ),
            Self::StackUnknown { error } => write!(
                out,
                "the devices above it cannot be read ({error}): packets for sockets that are bound \
                 to them may be dropped; `port12 attach` adapts the program, {BYPASS}"
            ),
            Self::PlaceUnknown { error } => {
                write!(out, "the interface of the program cannot be read ({error}); {BYPASS}")
            }
        }
    }
}
