//! `port12 bans`: list banned sources.

use std::{io::Write, time::Duration};

use super::{
    output::{OutputFormat, write_list},
    pins::PinArgs,
};
use crate::{cli::failure::Failure, model::BannedSource, truth::TruthError};

/// List the banned sources.
#[derive(Clone, Debug, clap::Args)]
pub struct BansArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Lists the bans in force to `out`.
///
/// # Errors
///
/// [`Failure`]: nothing is pinned, or it cannot be read.
pub fn run(args: &BansArgs, out: &mut impl Write) -> Result<(), Failure> {
    let query = args.pins.query()?;
    let mut stopped = Vec::new();
    for pinned in query.pinned.iter().filter(|it| it.state().gate().bypass != 0) {
        let standing = pinned.state().standing(&pinned.now().map_err(TruthError::from)?);
        stopped.push(format!("{}: no ban is in force ({standing})", pinned.interface()));
    }
    let entries = query.bans()?;
    Ok(write_list(args.output, &entries, out, |entries, out| {
        table(entries, out)?;
        stopped.iter().try_for_each(|line| writeln!(out, "{line}"))
    })?)
}

fn table(entries: &[BannedSource], out: &mut impl Write) -> std::io::Result<()> {
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
            entry.origin.as_str(),
            <&str>::from(entry.scope),
            entry.packets,
            entry.interfaces.join(", ")
        )?;
    }
    Ok(())
}
