//! Why a registry file was not accepted.

use std::{io, path::PathBuf};

use port12_common::Transport;

use crate::text::{Printable, shorten::excerpt};

/// A registry file that port12 does not use; nothing was changed. A configuration error.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It cannot be read.
    #[error("cannot read the registry file {}: {cause}", Printable(path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        #[source]
        cause: io::Error,
    },
    /// It is not the official file, or a damaged one.
    #[error("registry file {}: {fault}; {}", Printable(path.display()), fault.remedy())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The fault.
        #[source]
        fault: Fault,
    },
}

/// Fault of a registry file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// More than 64 MiB.
    #[error("it is larger than {} MiB", super::MAX_BYTES >> 20)]
    TooLarge,
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A NUL byte or bytes that are not UTF-8.
    #[error("line {line} is not UTF-8 text")]
    Binary {
        /// The line.
        line: u64,
    },
    /// Compressed.
    #[error("it is compressed")]
    Compressed,
    /// The first line of a CSV is not the official header.
    #[error("line 1: column {column} of the header is {found}, not \"{expected}\"")]
    Header {
        /// From 1.
        column: usize,
        /// Present text, quoted.
        found: String,
        /// Text of IANA.
        expected: &'static str,
    },
    /// A record of a CSV with too few or too many fields.
    #[error("line {line}: the record has {found} fields, not {expected}")]
    Fields {
        /// Where the record starts.
        line: u64,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A quotation mark without its partner.
    #[error("a quoted field never ends: the file is cut off or damaged")]
    Quotes,
    /// A port that is none.
    #[error("line {line}: {text} is neither a port nor a range of ports")]
    Ports {
        /// Where the record starts.
        line: u64,
        /// Present text, quoted.
        text: String,
    },
    /// XML that cannot be read.
    #[error("line {line}: {reason}")]
    Xml {
        /// Where.
        line: u64,
        /// The fault.
        reason: String,
    },
    /// XML of something else.
    #[error("its XML is that of {root}, not of IANA's port registry")]
    Root {
        /// The root element, quoted.
        root: String,
    },
    /// No date anywhere.
    #[error("it has no date")]
    NoDate,
    /// Too many rows.
    #[error("more than {} rows are about the ports 0 to 1023", super::MAX_ROWS)]
    TooManyRows,
    /// Too few rows.
    #[error(
        "only {found} rows are about the ports 0 to 1023, and the registry has at least {least}"
    )]
    TooFewRows {
        /// How many there are.
        found: usize,
        /// Fewest rows that are accepted.
        least: usize,
    },
    /// A port that everybody knows is not assigned.
    #[error("it does not list {port}/{transport} as assigned")]
    NotAssigned {
        /// The port.
        port: u16,
        /// The transport.
        transport: Transport,
    },
    /// Port 0 is not reserved.
    #[error("it does not list port 0 as reserved on {transport}")]
    ZeroNotReserved {
        /// The transport.
        transport: Transport,
    },
    /// port12's own table is damaged.
    #[error("line {line}: {reason}")]
    Compact {
        /// Where.
        line: u64,
        /// The fault.
        reason: &'static str,
    },
}

impl Fault {
    /// Text from a file in a message: quoted, escaped and short.
    pub(super) fn excerpt(text: &str) -> String {
        format!("{:?}", excerpt(text))
    }

    /// Next step.
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Compressed => "decompress it first",
            Self::Compact { .. } => "write it again with `cargo xtask registry FILE`",
            _ => {
                "get IANA's CSV or XML from \
                 https://www.iana.org/assignments/service-names-port-numbers/"
            }
        }
    }
}
