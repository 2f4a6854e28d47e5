//! `port12 bans`: the sources that are banned, on what is attached.

use std::{collections::BTreeMap, io::Write, net::IpAddr, time::Duration};

use port12_common::abi::Ban;
use serde::Serialize;

use super::{
    output::{OutputFormat, write_list},
    pins::PinArgs,
};
use crate::{cli::failure::Failure, kernel::clock::Moment, truth::TruthError};

/// Shows the bans in force.
#[derive(Clone, Debug, clap::Args)]
pub struct BansArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

#[derive(Serialize)]
struct Entry {
    source: IpAddr,
    /// Where it comes from: `operator` or `threshold`.
    origin: &'static str,
    /// What is dropped: `unassigned`, what would be a probe, or `all`.
    scope: &'static str,
    /// Packets that were dropped for it, on all interfaces.
    packets: u64,
    /// How often the source was banned.
    times: u32,
    /// Running time since it began, in seconds.
    banned_seconds: u64,
    /// Running time until it ends, in seconds; null where it does not end by itself.
    remaining_seconds: Option<u64>,
    /// Whether some interface drops packets for it: a bypass stops bans.
    in_force: bool,
    interfaces: Vec<String>,
}

impl Entry {
    /// `shuts_out`: whether the program looks for bans of scope `all`.
    fn of(source: IpAddr, ban: &Ban, now: &Moment, shuts_out: bool) -> Self {
        let seconds = |jiffies: u64| jiffies.div_ceil(now.hz.max(1));
        Self {
            source,
            origin: match ban.origin {
                Ban::OPERATOR => "operator",
                Ban::THRESHOLD => "threshold",
                _ => "unknown",
            },
            scope: if ban.scope == Ban::ALL && shuts_out { "all" } else { "unassigned" },
            packets: 0,
            times: ban.times,
            banned_seconds: seconds(now.jiffies.saturating_sub(ban.since)),
            remaining_seconds: (ban.until != Ban::FOR_EVER)
                .then(|| seconds(ban.until.saturating_sub(now.jiffies))),
            in_force: false,
            interfaces: Vec::new(),
        }
    }
}

/// Lists them.
///
/// # Errors
///
/// [`Failure`]: nothing is attached, or it cannot be read.
pub fn run(args: &BansArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut entries: BTreeMap<IpAddr, Entry> = BTreeMap::new();
    let mut stopped = Vec::new();
    for pinned in args.pins.open()? {
        let now = pinned.now().map_err(TruthError::from)?;
        let is_stopped = pinned.state().gate().bypass != 0;
        if is_stopped {
            let standing = pinned.state().standing(&now);
            stopped.push(format!("{}: no ban is in force ({standing})", pinned.interface()));
        }
        for (source, ban) in pinned.bans()?.list()? {
            if !ban.holds(now.jiffies) {
                continue;
            }
            let entry = entries
                .entry(source)
                .or_insert_with(|| Entry::of(source, &ban, &now, pinned.state().shuts_out()));
            entry.packets += ban.packets;
            entry.times = entry.times.max(ban.times);
            entry.in_force |= !is_stopped;
            entry.interfaces.push(pinned.interface().to_owned());
        }
    }
    let entries: Vec<Entry> = entries.into_values().collect();
    Ok(write_list(args.output, &entries, out, |entries, out| {
        table(entries, out)?;
        stopped.iter().try_for_each(|line| writeln!(out, "{line}"))
    })?)
}

fn table(entries: &[Entry], out: &mut impl Write) -> std::io::Result<()> {
    if entries.is_empty() {
        return writeln!(out, "no source is banned");
    }
    writeln!(
        out,
        "{:<39} {:<10} {:<10} {:>12} {:<16} INTERFACES",
        "SOURCE", "FROM", "SCOPE", "PACKETS", "STILL FOR"
    )?;
    for entry in entries {
        let rest = entry.remaining_seconds.map_or_else(
            || "ever".to_owned(),
            |seconds| humantime::format_duration(Duration::from_secs(seconds)).to_string(),
        );
        writeln!(
            out,
            "{:<39} {:<10} {:<10} {:>12} {rest:<16} {}",
            entry.source.to_string(),
            entry.origin,
            entry.scope,
            entry.packets,
            entry.interfaces.join(", ")
        )?;
    }
    Ok(())
}
