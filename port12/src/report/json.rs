//! One JSON object per line and report.

use std::io::{self, Write};

use super::Report;

/// Writes a report as one line.
///
/// # Errors
///
/// What writing says.
pub fn write_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, report)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Reads a line back. The names in a report are static, so the line is too: leak it.
///
/// # Errors
///
/// Where the line is not a report.
pub fn read_json(line: &'static str) -> io::Result<Report> {
    Ok(serde_json::from_str(line)?)
}
