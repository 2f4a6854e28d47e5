//! `port12 events`: list the events that were kept.

use std::{io::Write, net::IpAddr, path::PathBuf, thread, time::Duration};

use clap::builder::PossibleValuesParser;

use super::{
    output::{OutputFormat, tell, unless_closed},
    pins::PinArgs,
};
use crate::{
    cli::failure::Failure,
    query::events::{EventReader, FoundLog, Selection, StoredRecord, event_log, kinds},
    report::record_line,
    text::words::counted,
};

/// Time between two looks for further records.
const LOOK: Duration = Duration::from_millis(200);

/// List the events and alerts that `port12 run` has kept: the newest 4,096 probes, and the newest 4,096 other records.
#[derive(Clone, Debug, clap::Args)]
pub struct EventsArgs {
    /// An EVE file, in place of the event log of `run`
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Continue with further records, through rotations and restarts of `run`
    #[arg(short, long)]
    pub follow: bool,
    /// Number of records, the newest ones; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// Only packets, scans and bans of this source
    #[arg(long, value_name = "ADDR")]
    pub source: Option<IpAddr>,
    /// Only records of this port; a scan has many
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Only records of this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    pub kind: Option<String>,
    /// Format; json is the records as they are, one per line
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Directories of `run`
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Writes the list, and goes on until nobody reads it if it is to follow.
///
/// # Errors
///
/// [`Failure`]: there is no event log and no such file, or it cannot be read.
pub fn run(args: &EventsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let selection = Selection { source: args.source, port: args.port, kind: args.kind.clone() };
    let mut reader = args.open()?;
    let mut records = reader.read(&selection, args.limit)?;
    if let count @ 1.. = reader.skipped() {
        tell(format_args!("{} no record of an event", counted(count, "line is", "lines are")));
    }
    if records.is_empty() && !args.follow {
        tell("no such events were recorded");
    }
    loop {
        let text: String = records.iter().map(|it| args.text(it)).collect();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if written.is_err() || !args.follow {
            return Ok(unless_closed(written)?);
        }
        thread::sleep(LOOK);
        records = reader.read(&selection, 0)?;
        if reader.has_missed() {
            tell("some records were replaced before they were read");
        }
    }
}

impl EventsArgs {
    fn open(&self) -> Result<EventReader, Failure> {
        if let Some(file) = &self.file {
            return Ok(EventReader::of_file(file)?);
        }
        let PinArgs { pin_dir, runtime_dir, state_dir } = &self.pins;
        let FoundLog { directory, is_live, waiting, lost } =
            event_log(state_dir, runtime_dir, pin_dir)?;
        if !is_live {
            tell("`port12 run` is not running: these are the events of the last run");
        }
        if let Some(count @ 1..) = waiting {
            tell(format_args!(
                "{} not yet written: `run` limits the bytes that it writes to the disk",
                counted(count, "record is", "records are")
            ));
        }
        if let Some(count @ 1..) = lost {
            tell(format_args!("{} lost", counted(count, "record was", "records were")));
        }
        Ok(EventReader::of_log(directory))
    }

    fn text(&self, stored: &StoredRecord) -> String {
        let line = match self.output {
            OutputFormat::Json => Some(stored.line.clone()),
            OutputFormat::Table => record_line(&stored.record),
        };
        line.map_or_else(String::new, |line| line + "\n")
    }
}
