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
    /// Not at all: a sink has standard output for itself.
    Silent,
}

impl View {
    /// The view for standard output, where no sink `has_stdout` for itself.
    pub fn of(output: OutputFormat, has_stdout: bool) -> Self {
        match output {
            _ if has_stdout => Self::Silent,
            OutputFormat::Json => Self::Json,
            OutputFormat::Table if io::stdout().is_terminal() => Self::Redrawn,
            OutputFormat::Table => Self::Appended,
        }
    }

    /// A report as it is to be written.
    pub fn render(&self, report: &Report) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match (self, report.kind) {
            (Self::Silent, _) => {}
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::{Baseline, Origin, RegistryId, State};

    fn rendered(view: &View, kind: Kind) -> String {
        let state =
            State::empty(Origin::Live, SystemTime::UNIX_EPOCH, 1, RegistryId::of("2026-08-17"));
        let report = Report::over(kind, &Baseline::zero(0), state, 1.0);
        String::from_utf8(view.render(&report).unwrap()).unwrap()
    }

    #[test]
    fn a_table_on_a_terminal_is_drawn_in_place_until_the_totals() {
        assert!(rendered(&View::Redrawn, Kind::Interval).starts_with("\x1b[H\x1b[2Jport12"));
        assert!(rendered(&View::Redrawn, Kind::Totals).starts_with("port12"));
    }

    #[test]
    fn a_table_in_a_pipe_and_a_json_line_move_no_cursor() {
        for view in [View::Appended, View::Json] {
            assert!(!rendered(&view, Kind::Interval).contains('\x1b'));
        }
    }
}
