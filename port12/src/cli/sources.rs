//! `port12 sources`: list the sources that the kernel programs remember.

use std::{
    cmp::Reverse,
    io::{self, Write},
    time::SystemTime,
};

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
};
use crate::{
    cli::failure::Failure,
    model::{SourceDetails, SourceTables},
    text::{Printable, time},
};

/// Ports that a row of the table names.
const NAMED: usize = 6;

/// List the sources of probes that the attached programs track.
#[derive(Clone, Debug, clap::Args)]
pub struct SourcesArgs {
    /// Which come first
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// List so many at most; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// An order of sources.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum By {
    /// Those with the most probes.
    #[default]
    Packets,
    /// Those that touched the most ports.
    Ports,
    /// Those that came last.
    Recent,
}

/// Writes the list.
///
/// # Errors
///
/// [`Failure`]: nothing is pinned, or it cannot be read.
pub fn run(args: &SourcesArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut tables = args.pins.query()?.sources()?;
    tables.sources.sort_by_key(|source| {
        let last = source.last_seen.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (packets, ports) = (u128::from(source.packets), source.port_count as u128);
        let last = last.as_nanos();
        Reverse(match args.by {
            By::Packets => [packets, ports, last],
            By::Ports => [ports, packets, last],
            By::Recent => [last, packets, ports],
        })
    });
    if args.limit > 0 {
        tables.sources.truncate(args.limit);
    }
    let written = match args.output {
        OutputFormat::Json => write_json(&tables, out),
        OutputFormat::Table => table(&tables, out).map_err(Into::into),
    };
    Ok(unless_closed(written)?)
}

/// First ports of a source, and the number of the others.
fn which(details: &SourceDetails) -> String {
    let mut which: Vec<String> =
        details.ports.iter().take(NAMED).map(ToString::to_string).collect();
    which.extend(details.other_ports.iter().map(|transport| format!("{transport}/?")));
    match details.ports.len().saturating_sub(NAMED) {
        0 => which.join(" "),
        more => format!("{} and {more} more", which.join(" ")),
    }
}

fn table(document: &SourceTables, out: &mut impl Write) -> io::Result<()> {
    for interface in &document.interfaces {
        write!(
            out,
            "{}: {} sources, by estimate",
            Printable(&interface.interface),
            interface.distinct
        )?;
        let unknown = interface.evicted.packets + interface.refused.packets;
        match unknown {
            0 => writeln!(out)?,
            probes => writeln!(out, "; {probes} probes are of sources that are not remembered")?,
        }
    }
    if document.sources.is_empty() {
        return writeln!(out, "nobody has knocked");
    }
    writeln!(
        out,
        "{:<39} {:>9} {:>11} {:>5} {:<20} {:<20} WHICH",
        "SOURCE", "PACKETS", "BYTES", "PORTS", "FIRST", "LAST"
    )?;
    for source in &document.sources {
        writeln!(
            out,
            "{:<39} {:>9} {:>11} {:>5} {:<20} {:<20} {}",
            source.source.to_string(),
            source.packets,
            source.bytes,
            source.port_count,
            time::rfc3339_seconds(source.first_seen),
            time::rfc3339_seconds(source.last_seen),
            source.details.as_ref().map(which).unwrap_or_default(),
        )?;
    }
    match document.remembered - document.sources.len() {
        0 => Ok(()),
        more => writeln!(out, "and {more} more sources: `--limit 0` lists all"),
    }
}
