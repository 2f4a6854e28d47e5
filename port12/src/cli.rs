//! Command line: arguments, and a module for each command.

pub mod allow;
pub mod attach;
pub mod ban;
pub mod bans;
pub mod bypass;
pub mod check;
mod choice;
pub mod confirm;
pub mod detach;
pub mod events;
pub mod explain;
pub mod failure;
pub mod output;
pub mod pins;
pub mod ports;
pub mod registry;
pub mod replay;
pub mod run;
#[cfg(test)]
mod schemas;
pub mod settings;
pub mod sources;
pub mod stats;
pub mod status;
pub mod stderr;
pub mod who;

use clap::{ArgAction, Parser, Subcommand};

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 runtime, 2 usage, 3 configuration, 4 permission, \
                          5 kernel or verifier, 6 attach, 7 another program is there; of `who`: 0 found, \
                          1 nothing, 2 usage or runtime; of `status`: 3 nothing is attached";

/// Watch the well-known ports that IANA lists as unassigned
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// Say more on standard error; repeat for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// The command
    #[command(subcommand)]
    pub command: Command,
}

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Attach to interfaces, watch and report; detach at the end
    Run(run::RunArgs),
    /// Attach persistently, and return
    Attach(attach::AttachArgs),
    /// Detach persistent programs
    Detach(detach::DetachArgs),
    /// Show the attached programs, with their mode and policy
    Status(status::StatusArgs),
    /// Report the counters of the attached programs
    Stats(stats::StatsArgs),
    /// List sources of probes
    Sources(sources::SourcesArgs),
    /// List the sockets on unassigned ports, and their processes
    Who(who::WhoArgs),
    /// List the events that `run` has kept, or those of an EVE file
    Events(events::EventsArgs),
    /// Show or change the allowlist in force
    Allow(allow::AllowArgs),
    /// Ban sources: drop their packets, in monitor mode too
    Ban(ban::BanArgs),
    /// Remove bans
    Unban(ban::UnbanArgs),
    /// List banned sources
    Bans(bans::BansArgs),
    /// Confirm drop mode, so that its timeout does not end it
    Confirm(confirm::ConfirmArgs),
    /// Stop all dropping on every interface, at once
    Bypass(bypass::BypassArgs),
    /// Replay a capture through the program
    Replay(replay::ReplayArgs),
    /// List the watched ports
    Ports(ports::PortsArgs),
    /// Explain one port: registry, probes, sockets and advice
    Explain(explain::ExplainArgs),
    /// Check the policy file for this host, or compare it with the policy in force
    Check(check::CheckArgs),
}
