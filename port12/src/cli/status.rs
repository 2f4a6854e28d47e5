//! `port12 status`: what is attached, and what it is told to do.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use port12_common::abi::Action;
use serde::Serialize;

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
};
use crate::{
    failure::Failure,
    kernel::{
        pin::{self, Holder},
        pinned::Pinned,
        state::{Rules, Standing},
    },
    report::Printable,
    truth::TruthError,
    watch::tell,
};

/// The last second of the year 9999, in seconds since the epoch: the last that RFC 3339 can write.
const LAST_SECOND: u64 = 253_402_300_799;

/// Tells what is attached, without a daemon.
#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

#[derive(Serialize)]
struct Document {
    /// The process that keeps sockets and addresses true, where there is one.
    daemon: Option<Daemon>,
    interfaces: Vec<Interface>,
}

/// A process that holds the lock of a pin directory.
#[derive(Serialize)]
pub(super) struct Daemon {
    pub(super) process: u32,
    pub(super) name: String,
}

impl From<Holder> for Daemon {
    fn from(Holder { process, name }: Holder) -> Self {
        Self { process, name }
    }
}

/// How many of a transport's ports have each action; the rest is assigned.
#[derive(Debug, Default, Serialize)]
pub(super) struct Ports {
    watch: u32,
    drop: u32,
    enforce: u32,
    ignore: u32,
}

/// An interface that has something pinned.
#[derive(Serialize)]
pub(super) struct Interface {
    pub(super) interface: String,
    /// `native`, `generic`, `hardware`; null where the program is on no interface.
    pub(super) xdp_mode: Option<String>,
    /// Whether the program stays without a daemon.
    pub(super) persistent: bool,
    pub(super) program_id: u32,
    /// Null where the pinned program is not the attached one: an upgrade was cut off.
    pub(super) program_tag: Option<String>,
    pub(super) attached_at: String,
    pub(super) mode: &'static str,
    pub(super) standing: String,
    /// Seconds until drop mode reverts, where nobody has confirmed it.
    pub(super) reverts_in_seconds: Option<u64>,
    /// Whether what user space knows of sockets is fresh.
    pub(super) sockets_fresh: bool,
    pub(super) policy: Ports,
    pub(super) allowed: usize,
    #[serde(skip)]
    pub(super) advice: Option<String>,
}

/// Writes the status.
///
/// # Errors
///
/// [`Failure`]: what is pinned cannot be read.
pub fn run(args: &StatusArgs, out: &mut impl Write) -> Result<(), Failure> {
    let holder = pin::holder(&args.pins.pin_dir);
    let mut interfaces = Vec::new();
    for slot in args.pins.slots()? {
        if let Some(pinned) = Pinned::open_settled(slot)? {
            interfaces.push(Interface::of(&pinned)?);
        }
    }
    let daemon = holder.map(Daemon::from);
    let document = Document { daemon, interfaces };
    let written = match args.output {
        OutputFormat::Table => table(&document, out).map_err(Into::into),
        OutputFormat::Json => write_json(&document, out),
    };
    Ok(unless_closed(written)?)
}

impl Interface {
    /// What is pinned for it.
    ///
    /// # Errors
    ///
    /// [`Failure`]: it cannot be read.
    pub(super) fn of(pinned: &Pinned) -> Result<Self, Failure> {
        let now = pinned.now().map_err(TruthError::from)?;
        let standing = pinned.state().standing(&now);
        let until = match pinned.state().trial(&now) {
            Standing::Unconfirmed { until } => Some(until.saturating_sub(now.jiffies)),
            _ => None,
        };
        // Whatever stands there: somebody may have written over it.
        let attached_at = pinned.state().header().attached_at.min(LAST_SECOND);
        let attached_at = SystemTime::UNIX_EPOCH + Duration::from_secs(attached_at);
        Ok(Self {
            interface: pinned.interface().to_owned(),
            xdp_mode: pinned.attachment()?.map(|(_, mode)| mode.to_string()),
            persistent: pinned.is_persistent(),
            program_id: pinned.program_id(),
            program_tag: pinned.program_tag().map(|tag| format!("{tag:016x}")),
            attached_at: humantime::format_rfc3339_seconds(attached_at).to_string(),
            mode: if standing.drops() { "drop" } else { "monitor" },
            standing: standing.to_string(),
            reverts_in_seconds: until.map(|jiffies| jiffies.div_ceil(now.hz.max(1))),
            sockets_fresh: pinned.state().is_fresh(&now),
            policy: Ports::of(&pinned.state().rules()),
            allowed: pinned.allowlist()?.list()?.len(),
            advice: tell(standing, &now),
        })
    }
}

#[cfg(test)]
impl Interface {
    /// One that is watched in monitor mode.
    pub(super) fn named(name: &str) -> Self {
        Self {
            interface: name.to_owned(),
            xdp_mode: Some("native".to_owned()),
            persistent: false,
            program_id: 1,
            program_tag: None,
            attached_at: "1970-01-01T00:00:00Z".to_owned(),
            mode: "monitor",
            standing: Standing::Monitor.to_string(),
            reverts_in_seconds: None,
            sockets_fresh: true,
            policy: Ports::default(),
            allowed: 0,
            advice: None,
        }
    }
}

impl Ports {
    fn of(rules: &Rules) -> Self {
        let mut ports = Self::default();
        for rule in rules.iter().flatten() {
            match rule.action() {
                Action::Assigned => {}
                Action::Ignore => ports.ignore += 1,
                Action::Watch => ports.watch += 1,
                Action::Drop { enforce: false } => ports.drop += 1,
                Action::Drop { enforce: true } => ports.enforce += 1,
            }
        }
        ports
    }
}

fn table(document: &Document, out: &mut impl Write) -> std::io::Result<()> {
    match &document.daemon {
        Some(daemon) => writeln!(out, "daemon: process {} ({})", daemon.process, daemon.name)?,
        None => writeln!(out, "daemon: none")?,
    }
    if document.interfaces.is_empty() {
        return writeln!(out, "nothing is attached");
    }
    writeln!(
        out,
        "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<5} {:>6} {:>6} {:>6} {:>7}",
        "INTERFACE",
        "XDP",
        "PROGRAM",
        "TAG",
        "SINCE",
        "MODE",
        "STAYS",
        "WATCH",
        "DROP",
        "IGNORE",
        "ALLOWED"
    )?;
    for it in &document.interfaces {
        writeln!(
            out,
            "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<5} {:>6} {:>6} {:>6} {:>7}",
            Printable(&it.interface),
            it.xdp_mode.as_deref().unwrap_or("none"),
            it.program_id,
            it.program_tag.as_deref().unwrap_or("?"),
            it.attached_at,
            it.mode,
            if it.persistent { "yes" } else { "no" },
            it.policy.watch,
            it.policy.drop + it.policy.enforce,
            it.policy.ignore,
            it.allowed,
        )?;
        if it.xdp_mode.is_none() {
            writeln!(out, "  the program is on no interface: `port12 detach` clears it away")?;
        }
        if let Some(advice) = &it.advice {
            writeln!(out, "  {advice}")?;
        }
        if !it.sockets_fresh {
            writeln!(out, "  no daemon keeps it: the program looks sockets up by itself")?;
        }
    }
    Ok(())
}
