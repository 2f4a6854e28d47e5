//! The command line.

use std::{
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use clap::{ArgAction, Parser, Subcommand, error::ErrorKind};
use port12::{
    cli::{
        check, explain,
        output::{tell, unless_closed},
        ports, replay, run,
    },
    failure::{Code, Failure},
};

/// Watches the well-known ports that IANA has never assigned.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
struct Cli {
    /// Say more on standard error; repeat for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Attach to interfaces, watch and report; detach at the end
    Run(run::RunArgs),
    /// What would the program have done? Replay a capture through it
    Replay(replay::ReplayArgs),
    /// The watched ports
    Ports(ports::PortsArgs),
    /// The story of one port
    Explain(explain::ExplainArgs),
    /// Is the policy file accepted? What is in force?
    Check(check::CheckArgs),
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 runtime, 2 usage, 3 configuration, 4 permission, \
                          5 kernel or verifier, 6 attach, 7 another program is there";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // The log lines of `run --trace` are at level info.
    let tracing = matches!(&cli.command, Command::Run(args) if args.trace);
    start_log(cli.verbose.max(u8::from(tracing)));
    match try_main(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&failure.message);
            failure.into()
        }
    }
}

/// Help goes out as it is, an error as one line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit();
    }
    let text = error.to_string();
    let is_news = |line: &&str| {
        !(line.is_empty() || line.starts_with("Usage:") || line.starts_with("For more information"))
    };
    let line = text.lines().map(str::trim).filter(is_news).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    tell(format_args!("{line}; `--help` tells what is accepted"));
    ExitCode::from(Code::Usage as u8)
}

fn try_main(command: Command) -> Result<(), Failure> {
    // Not locked: `run` writes from a thread of its own.
    let mut out = BufWriter::new(io::stdout());
    match command {
        Command::Run(args) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run::run(&args, io::stdout())),
        Command::Replay(args) => replay::run(&args, &mut out),
        Command::Ports(args) => {
            Ok(unless_closed(ports::run(&args, &mut out).and_then(|()| Ok(out.flush()?)))?)
        }
        Command::Explain(args) => {
            Ok(unless_closed(explain::run(&args, &mut out).and_then(|()| Ok(out.flush()?)))?)
        }
        Command::Check(args) => check::run(&args, &mut out),
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let environment = env_logger::Env::default().filter_or("PORT12_LOG", level);
    env_logger::Builder::from_env(environment).format_timestamp(None).init();
}
