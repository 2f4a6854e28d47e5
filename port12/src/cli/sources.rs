//! `port12 sources`: who knocks, as the kernel program remembers it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    net::IpAddr,
    time::SystemTime,
};

use port12_common::Transport;
use serde::Serialize;

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
};
use crate::{
    cli::failure::Failure,
    kernel::{
        clock::Moment,
        pinned::Pinned,
        sources::{Seen, Sources},
    },
    model::Counts,
    text::{Printable, time},
    truth::TruthError,
};

/// Ports that a row of the table names.
const NAMED: usize = 6;

/// Lists who knocks on what is attached.
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

#[derive(Serialize)]
struct Document {
    interfaces: Vec<Interface>,
    /// Sources that the kernel remembers, listed or not.
    remembered: usize,
    sources: Vec<Source>,
}

#[derive(Serialize)]
struct Interface {
    interface: String,
    /// Different sources since the program was attached: an estimate, 1.6 % standard error.
    distinct: u64,
    /// Sources whose place was given to another.
    evictions: u64,
    /// The probes that had been counted for them.
    evicted: Counts,
    /// Probes of sources that got no place.
    refused: Counts,
}

#[derive(Serialize)]
struct Source {
    source: IpAddr,
    /// Probes since the source was last given a place, dropped ones included.
    packets: u64,
    bytes: u64,
    #[serde(serialize_with = "time::serialize")]
    first_seen: SystemTime,
    #[serde(serialize_with = "time::serialize")]
    last_seen: SystemTime,
    /// The ports that it touched.
    ports: BTreeSet<Port>,
    /// Transports with ports that it touched besides, of which it is not known which.
    other_ports: BTreeSet<Transport>,
    interfaces: BTreeSet<String>,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd, Serialize)]
struct Port {
    transport: Transport,
    port: u16,
}

/// Writes the list.
///
/// # Errors
///
/// [`Failure`]: nothing is pinned, or it cannot be read.
pub fn run(args: &SourcesArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut interfaces = Vec::new();
    let mut sources = BTreeMap::new();
    for pinned in args.pins.open()? {
        let moment = pinned.now().map_err(TruthError::from)?;
        let read = pinned.sources().read();
        let Sources { distinct, evictions, evicted, refused, .. } = read;
        for (address, seen) in read.merged() {
            let source = sources.entry(address).or_insert_with(|| Source::of(address, &moment));
            source.add(&seen, &pinned, &moment);
        }
        interfaces.push(Interface {
            interface: pinned.interface().to_owned(),
            distinct,
            evictions,
            evicted: evicted.into(),
            refused: refused.into(),
        });
    }
    let mut sources: Vec<Source> = sources.into_values().collect();
    sources.sort_by_key(|source| {
        let ports = source.ports.len() + source.other_ports.len();
        let last = source.last_seen.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (packets, ports, last) = (u128::from(source.packets), ports as u128, last.as_nanos());
        Reverse(match args.by {
            By::Packets => [packets, ports, last],
            By::Ports => [ports, packets, last],
            By::Recent => [last, packets, ports],
        })
    });
    let remembered = sources.len();
    if args.limit > 0 {
        sources.truncate(args.limit);
    }
    let document = Document { interfaces, remembered, sources };
    let written = match args.output {
        OutputFormat::Json => write_json(&document, out),
        OutputFormat::Table => table(&document, out).map_err(Into::into),
    };
    Ok(unless_closed(written)?)
}

impl Source {
    fn of(source: IpAddr, moment: &Moment) -> Self {
        Self {
            source,
            packets: 0,
            bytes: 0,
            first_seen: moment.wall,
            last_seen: SystemTime::UNIX_EPOCH,
            ports: BTreeSet::new(),
            other_ports: BTreeSet::new(),
            interfaces: BTreeSet::new(),
        }
    }

    fn add(&mut self, seen: &Seen, pinned: &Pinned, moment: &Moment) {
        self.packets += seen.packets;
        self.bytes += seen.bytes;
        self.first_seen = self.first_seen.min(moment.wall_at(seen.first_seen));
        self.last_seen = self.last_seen.max(moment.wall_at(seen.last_seen));
        self.ports.extend(seen.touched.ports().map(|(transport, port)| Port { transport, port }));
        self.other_ports.extend(seen.touched.others());
        self.interfaces.insert(pinned.interface().to_owned());
    }

    /// The first of its ports, and how many more there are.
    fn which(&self) -> String {
        let port = |port: &Port| format!("{}/{}", port.transport, port.port);
        let mut which: Vec<String> = self.ports.iter().take(NAMED).map(port).collect();
        which.extend(self.other_ports.iter().map(|transport| format!("{transport}/?")));
        match self.ports.len().saturating_sub(NAMED) {
            0 => which.join(" "),
            more => format!("{} and {more} more", which.join(" ")),
        }
    }
}

fn table(document: &Document, out: &mut impl Write) -> io::Result<()> {
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
            source.ports.len() + source.other_ports.len(),
            time::rfc3339_seconds(source.first_seen),
            time::rfc3339_seconds(source.last_seen),
            source.which(),
        )?;
    }
    match document.remembered - document.sources.len() {
        0 => Ok(()),
        more => writeln!(out, "and {more} more sources: `--limit 0` lists all"),
    }
}
