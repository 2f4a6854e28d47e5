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
