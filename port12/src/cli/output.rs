//! How a command reports.

use std::{
    fmt,
    io::{self, Write as _},
};

use crate::registry::RegistryError;

pub use crate::report::OutputFormat;

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

/// Writes a line for people to standard error. Nobody need be listening: `eprintln` panics when
/// standard error is full or closed.
pub fn tell(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "port12: {line}");
}

/// A reader that has gone away, such as `head`, has read enough: that is no failure.
///
/// # Errors
///
/// Every other one.
pub fn unless_closed<E: Into<ReportError>>(written: Result<(), E>) -> Result<(), ReportError> {
    match written.map_err(Into::into) {
        Err(ReportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a list, as a JSON document or as the table that `table` makes of it.
pub(super) fn write_list<T: serde::Serialize, W: io::Write>(
    output: OutputFormat,
    entries: &[T],
    out: &mut W,
    table: impl FnOnce(&[T], &mut W) -> io::Result<()>,
) -> Result<(), ReportError> {
    unless_closed(match output {
        OutputFormat::Json => write_json(&entries, out),
        OutputFormat::Table => table(entries, out).map_err(Into::into),
    })
}

/// Writes one JSON document and a line break.
pub(super) fn write_json(
    report: &impl serde::Serialize,
    out: &mut impl io::Write,
) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    Ok(writeln!(out)?)
}
