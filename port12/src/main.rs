//! The command line.

use std::{
    env,
    io::{self, BufWriter, IsTerminal as _, Write},
    process::ExitCode,
};

use clap::{Parser as _, error::ErrorKind};
use env_logger::{Target, WriteStyle};
use port12::cli::{
    Cli, Command, allow, attach, ban, bans, bypass, check, confirm, detach, events, explain,
    failure::{Code, Failure},
    output::{tell, unless_closed},
    ports, replay, run, sources, stats, status, stderr, who,
};

/// The exit code of a question to which the answer is that there is nothing.
const NOTHING: u8 = 1;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // A reader of standard error that stalls is not to stop what watches. Without a thread, lines are written directly.
    let is_queued = matches!(cli.command, Command::Run(_)) && stderr::start().is_ok();
    // The log lines of `run --trace` are at level info.
    let tracing = matches!(&cli.command, Command::Run(args) if args.trace);
    start_log(cli.verbose.max(u8::from(tracing)), is_queued);
    let code = match try_main(cli.command) {
        Ok(code) => code,
        Err(failure) => {
            tell(&failure.message);
            failure.into()
        }
    };
    stderr::finish();
    code
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

fn try_main(command: Command) -> Result<ExitCode, Failure> {
    // Not locked: `run` writes from a thread of its own.
    let mut out = BufWriter::new(io::stdout());
    let ended = match command {
        Command::Who(args) => {
            let found = who::run(&args, &mut out)?;
            return Ok(if found { ExitCode::SUCCESS } else { ExitCode::from(NOTHING) });
        }
        Command::Run(args) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run::run(&args, io::stdout())),
        Command::Attach(args) => attach::run(&args),
        Command::Allow(args) => then_flush(allow::run(&args, &mut out), &mut out),
        Command::Ban(args) => then_flush(ban::run(&args, &mut out), &mut out),
        Command::Unban(args) => then_flush(ban::lift(&args, &mut out), &mut out),
        Command::Bans(args) => then_flush(bans::run(&args, &mut out), &mut out),
        Command::Detach(args) => then_flush(detach::run(&args, &mut out), &mut out),
        Command::Status(args) => then_flush(status::run(&args, &mut out), &mut out),
        Command::Stats(args) => stats::run(&args, &mut out),
        Command::Sources(args) => then_flush(sources::run(&args, &mut out), &mut out),
        Command::Events(args) => events::run(&args, &mut out),
        Command::Confirm(args) => then_flush(confirm::run(&args, &mut out), &mut out),
        Command::Bypass(args) => then_flush(bypass::run(&args, &mut out), &mut out),
        Command::Replay(args) => replay::run(&args, &mut out),
        Command::Ports(args) => {
            Ok(unless_closed(ports::run(&args, &mut out).and_then(|()| Ok(out.flush()?)))?)
        }
        Command::Explain(args) => then_flush(explain::run(&args, &mut out), &mut out),
        Command::Check(args) => check::run(&args, &mut out),
    };
    ended.map(|()| ExitCode::SUCCESS)
}

/// Output is flushed before the failure is reported.
fn then_flush(ended: Result<(), Failure>, out: &mut impl Write) -> Result<(), Failure> {
    unless_closed(out.flush())?;
    ended
}

fn start_log(verbose: u8, is_queued: bool) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let environment = env_logger::Env::default().filter_or("PORT12_LOG", level);
    let mut log = env_logger::Builder::from_env(environment);
    if is_queued {
        log.target(Target::Pipe(Box::new(stderr::LogTarget))).write_style(log_style());
    }
    log.format_timestamp(None).init();
}

/// Colours for a terminal: env_logger looks only at targets that it writes to itself.
fn log_style() -> WriteStyle {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    match io::stderr().is_terminal() && !is_dumb && !is_set("NO_COLOR") {
        true => WriteStyle::Always,
        false => WriteStyle::Never,
    }
}
