//! Why a policy file was not accepted.

use std::{fmt, io, path::PathBuf};

use super::Ports;
use crate::text::Printable;

/// A policy file that port12 does not use; nothing was changed. A configuration error.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(
        "cannot read the policy file {}: {cause}; `--config` and PORT12_CONFIG name it",
        Printable(path.display())
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        #[source]
        cause: io::Error,
    },
    /// The drop-ins, or one of them, cannot be read.
    #[error("cannot read the drop-in policy {}: {cause}; repair or remove it", Printable(path.display()))]
    DropIns {
        /// The file or the directory.
        path: PathBuf,
        /// Answer of the system.
        #[source]
        cause: io::Error,
    },
    /// More than 1 MiB.
    #[error(
        "the policy file {} is larger than {} MiB: keep what is not policy elsewhere",
        Printable(path.display()),
        most >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that are accepted.
        most: u64,
    },
    /// Something in it is wrong.
    #[error("{}: {refusal}", Printable(path.display()))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The fault, with its place.
        #[source]
        refusal: Refusal,
    },
}

/// Fault in a policy file, with its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// From 1.
    pub line: usize,
    /// The key, dotted and with indexes from 0, as in `port[2].action`. Empty where it is not
    /// known.
    pub key: String,
    /// The fault.
    pub fault: Fault,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", Printable(&self.key))?;
        }
        write!(formatter, "{}", Printable(&self.fault))
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

/// Fault of a value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8 text: save it as UTF-8")]
    NotText,
    /// It is not TOML.
    #[error("it is not TOML: {0}")]
    Syntax(String),
    /// A key that means nothing.
    #[error("there is no such key; the keys are {}", .accepted.join(", "))]
    UnknownKey {
        /// Those that mean something there.
        accepted: &'static [&'static str],
    },
    /// A key is missing.
    #[error("it has no `{key}`: {accepted}")]
    Missing {
        /// The key.
        key: &'static str,
        /// Text to write instead.
        accepted: String,
    },
    /// A value that is not accepted.
    #[error("{found} is not accepted: {accepted}")]
    Value {
        /// Present text, shortened.
        found: String,
        /// The fault, and the text to write instead.
        accepted: String,
    },
    /// A rule that says nothing.
    #[error("it says nothing of its ports: write `action`, `expected` or both")]
    Idle,
    /// `reset` in the policy file, before which nothing is read.
    #[error("only a drop-in resets keys of the files before it: remove `{0}` from this list")]
    ResetInMain(&'static str),
    /// `enforce` where nothing is dropped.
    #[error("only a drop can be enforced: write `action = \"drop\"` with it, or leave it out")]
    EnforceWithoutDrop,
    /// `enforce` for ports that are not named.
    #[error(
        "{0} is a range, and a port with a socket is dropped only where it is named by itself: \
         list the ports one by one, or leave `enforce` out"
    )]
    EnforceOnRange(Ports),
}
