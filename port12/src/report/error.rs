//! Errors of writing a report.

use std::io;

use crate::registry::RegistryError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The registry file is not used: a configuration error, exit code 3.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The report cannot be written. A closed pipe is [`io::ErrorKind::BrokenPipe`].
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
    /// The report cannot be written as JSON.
    #[error("cannot write the report as JSON: {0}")]
    Json(serde_json::Error),
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => Self::Write(kind.into()),
            None => Self::Json(error),
        }
    }
}
