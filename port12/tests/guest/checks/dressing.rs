//! Ways of dressing a SYN or a datagram that this kernel accepts, against port12's own commands.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use clap::{Parser, Subcommand};
use port12::{
    cli::failure::Failure,
    cli::{attach, ban, detach},
};

use crate::{
    cable,
    dressing::{Sequence, Site},
    kernel,
};

/// The longest packet of a jumbo frame, and of another one: a program for one buffer refuses the former.
const JUMBO: usize = 9000;
const PLAIN: usize = 1500;

/// Faults that are named in the log.
const NAMED: usize = 40;

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// The commands of the sequence.
#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Command {
    Attach(attach::AttachArgs),
    Detach(detach::DetachArgs),
    Ban(ban::BanArgs),
}

/// None of them gets through.
pub fn gets_by() -> Result<String> {
    let site = cable::site(mtu())?;
    conclude(&Sequence::run(site, Path::new("/"), &port12))
}

/// None gets through to a host with VLAN devices.
pub fn gets_by_over_vlans() -> Result<String> {
    let site = cable::site(mtu())?;
    cable::add_vlans(&site)?;
    conclude(&Sequence::run_over_vlans(site, Path::new("/"), &port12))
}

fn mtu() -> usize {
    if kernel::has_frags() { JUMBO } else { PLAIN }
}

fn conclude(sequence: &Sequence) -> Result<String> {
    let faults = sequence.faults();
    if faults.is_empty() {
        println!("{}", sequence.summary);
        return Ok(sequence.figures());
    }
    for fault in faults.iter().take(NAMED) {
        println!("{fault}");
    }
    bail!("{}: {}", sequence.figures(), sequence.summary)
}

fn port12(site: &Site, line: &str) {
    site.near.enter(|| command(line)).unwrap_or_else(|error| panic!("{line}: {error:#}"));
}

fn command(line: &str) -> Result<()> {
    let told = |failure: Failure| anyhow!(failure.message);
    match Line::try_parse_from(line.split_whitespace())?.command {
        Command::Attach(args) => attach::run(&args).map_err(told),
        Command::Detach(args) => detach::run(&args, &mut std::io::sink()).map_err(told),
        Command::Ban(args) => ban::run(&args, &mut std::io::sink()).map_err(told),
    }
}
