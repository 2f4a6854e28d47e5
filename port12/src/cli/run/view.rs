//! How the reports of a run look.

use std::io::{self, IsTerminal as _, Write as _};

use crate::{
    cli::output::OutputFormat,
    report::{Kind, Report, write_json, write_table},
};

/// Ports that a table on a terminal shows.
const ROWS: usize = 20;

/// How reports are shown.
pub enum View {
    /// A line each.
    Json,
    /// A table in place: clear, then draw.
    Redrawn,
    /// A table after the other.
    Appended,
}

impl View {
    /// The view for standard output.
    pub fn of(output: OutputFormat) -> Self {
        match output {
            OutputFormat::Json => Self::Json,
            OutputFormat::Table if io::stdout().is_terminal() => Self::Redrawn,
            OutputFormat::Table => Self::Appended,
        }
    }

    /// A report as it is to be written.
    pub fn render(&self, report: &Report) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match (self, report.kind) {
            (Self::Json, _) => write_json(report, &mut out)?,
            (Self::Redrawn, Kind::Interval) => {
                out.write_all(b"\x1b[H\x1b[2J")?;
                write_table(report, Some(ROWS), &mut out)?;
            }
            (Self::Redrawn, Kind::Totals) | (Self::Appended, _) => {
                write_table(report, None, &mut out)?;
            }
        }
        Ok(out)
    }
}
