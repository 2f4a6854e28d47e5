//! Arguments of the program.

use clap::{ArgAction, Parser, Subcommand};

use super::{
    allow, attach, ban, bans, bypass, check, confirm, detach, events, explain, ports, replay, run,
    sources, stats, status, who,
};

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
    /// Attach to stay, and return
    Attach(attach::AttachArgs),
    /// Take off what was attached to stay
    Detach(detach::DetachArgs),
    /// What is attached, and what it is told to do
    Status(status::StatusArgs),
    /// The counters of what is attached, without a daemon
    Stats(stats::StatsArgs),
    /// Who knocks on what is attached
    Sources(sources::SourcesArgs),
    /// What is bound to unassigned ports here, and which process that is
    Who(who::WhoArgs),
    /// List the events that `run` has kept, or those of an EVE file
    Events(events::EventsArgs),
    /// The sources that are never dropped, on what is attached
    Allow(allow::AllowArgs),
    /// Drop what comes from some sources for unassigned ports, in monitor mode too
    Ban(ban::BanArgs),
    /// Treat banned sources like all others again
    Unban(ban::UnbanArgs),
    /// The sources that are banned
    Bans(bans::BansArgs),
    /// Keep drop mode, which a deadline would end
    Confirm(confirm::ConfirmArgs),
    /// Stop all dropping on every interface, at once
    Bypass(bypass::BypassArgs),
    /// What would the program have done? Replay a capture through it
    Replay(replay::ReplayArgs),
    /// The watched ports
    Ports(ports::PortsArgs),
    /// The whole story of one port: what it is, what came, who has it, what to do
    Explain(explain::ExplainArgs),
    /// Is the policy file accepted? What is in force?
    Check(check::CheckArgs),
}
