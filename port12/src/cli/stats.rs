//! `port12 stats`: the counters of what is pinned, without a daemon.

use std::{
    io::{self, Write},
    thread,
    time::{Duration, Instant},
};

use super::{
    output::{OutputFormat, tell, unless_closed},
    pins::PinArgs,
    registry::RegistryArgs,
};
use crate::{
    cli::failure::Failure,
    config::time::period,
    model::Baseline,
    report::{Kind, Report, host_changes, write_json, write_table},
};

/// Report the counters since the programs were attached. No daemon is necessary.
#[derive(Clone, Debug, clap::Args)]
pub struct StatsArgs {
    /// Report again after each of these times, with the rates over it
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub interval: Option<Duration>,
    /// Stop after this time
    #[arg(long, value_name = "TIME", value_parser = period, requires = "interval")]
    pub duration: Option<Duration>,
    /// The form of the reports; json is one object per line and report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Writes the reports.
///
/// # Errors
///
/// [`Failure`]: nothing is pinned, or it cannot be read.
pub fn run(args: &StatsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let query = args.pins.query()?;
    let state = query.state(&registry)?;
    state.interfaces.iter().flat_map(host_changes).for_each(tell);
    let Some(interval) = args.interval else {
        let report = Report::of(state);
        return Ok(unless_closed(write(args.output, &report, out))?);
    };
    let started = Instant::now();
    let mut before = Baseline::from(&state);
    loop {
        thread::sleep(interval);
        let state = query.state(&registry)?;
        let baseline = std::mem::replace(&mut before, Baseline::from(&state));
        let elapsed = started.elapsed().as_secs_f64();
        let report = Report::over(Kind::Interval, &baseline, state, elapsed);
        match write(args.output, &report, out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        if args.duration.is_some_and(|duration| started.elapsed() >= duration) {
            return Ok(());
        }
    }
}

fn write(output: OutputFormat, report: &Report, out: &mut impl Write) -> io::Result<()> {
    match output {
        OutputFormat::Json => write_json(report, out),
        OutputFormat::Table => write_table(report, None, out),
    }?;
    out.flush()
}
