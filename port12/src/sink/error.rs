//! Why sinks are not started.

use std::{io, path::PathBuf};

use super::{SinkSpec, Target};
use crate::text::Printable;

/// A sink that cannot be had; none was started.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The directory of its file or socket does not exist.
    #[error("the sink {}: the directory {} does not exist; create it", Printable(.spec), Printable(.directory.display()))]
    Directory {
        /// The sink.
        spec: SinkSpec,
        /// The directory.
        directory: PathBuf,
    },
    /// Its file cannot be opened.
    #[error("the sink {}: {} cannot be opened: {error}", Printable(.spec), Printable(target(.spec)))]
    Open {
        /// The sink.
        spec: SinkSpec,
        /// Error of the system.
        #[source]
        error: io::Error,
    },
    /// Its file is something that is not written to.
    #[error("the sink {}: {} is {what}", Printable(.spec), Printable(target(.spec)))]
    Unfit {
        /// The sink.
        spec: SinkSpec,
        /// Its kind, and the next step.
        what: &'static str,
    },
    /// Another sink writes there.
    #[error("the sinks {} and {} write to one place; leave one out", Printable(.first), Printable(.second))]
    Same {
        /// One of them.
        first: SinkSpec,
        /// The other.
        second: SinkSpec,
    },
    /// There is no thread for it.
    #[error("the sink {}: there is no thread for it: {error}", Printable(.spec))]
    Thread {
        /// The sink.
        spec: SinkSpec,
        /// Error of the system.
        #[source]
        error: io::Error,
    },
}

impl SinkError {
    /// Whether a permission is missing.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Open { error, .. } => error.kind() == io::ErrorKind::PermissionDenied,
            Self::Directory { .. }
            | Self::Unfit { .. }
            | Self::Same { .. }
            | Self::Thread { .. } => false,
        }
    }
}

fn target(spec: &SinkSpec) -> String {
    match &spec.target {
        Target::Stdout => "standard output".to_owned(),
        Target::File(path) | Target::Unix(path) => path.display().to_string(),
    }
}
