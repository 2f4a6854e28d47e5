//! How a command reports.

use std::{fmt, io};

use super::stderr;
use crate::{registry::RegistryError, text::json::Escaping};

pub use crate::config::OutputFormat;

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

/// Writes a line for people to standard error.
pub fn tell(line: impl fmt::Display) {
    stderr::write(format!("port12: {line}\n").into_bytes());
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

/// Writes one JSON document and a line break. What a terminal would obey is escaped: names in it may
/// be somebody else's.
pub(super) fn write_json(
    report: &impl serde::Serialize,
    out: &mut impl io::Write,
) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(Escaping(&mut *out), report)?;
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests {
    use super::write_json;

    #[test]
    fn a_document_has_nothing_that_a_terminal_obeys_and_means_the_same() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{1b}\nb é";
        let mut out = Vec::new();
        write_json(&[text], &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(written.contains(r"a\u009b31m\u007f\u202e\udb40\udc41\u001b\nb é"), "{written}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [text]);
    }
}
