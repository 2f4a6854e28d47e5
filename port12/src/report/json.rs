//! One JSON object per line and report.

use std::io::{self, Write};

use super::Report;

/// Writes a report as one line.
///
/// # Errors
///
/// Those of the writer.
pub fn write_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, report)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Reads a line back.
///
/// # Errors
///
/// A line that is not a report.
pub fn read_json(line: &str) -> io::Result<Report> {
    Ok(serde_json::from_str(line)?)
}
