//! `port12 stats`: the counters of what is pinned, without a daemon.

use std::{
    io::{self, Write},
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::{
    host_changes,
    output::{OutputFormat, unless_closed},
    pins::PinArgs,
    preflight,
    registry::RegistryArgs,
};
use crate::{
    config::time::period,
    failure::Failure,
    host::interfaces,
    kernel::{clock::Moment, pinned::Pinned},
    registry::Registry,
    report::{Kind, Link, Period, Report, write_json, write_table},
    snapshot::Snapshot,
    truth::TruthError,
    watch::{counted_at, describe},
};

/// Reports what was counted since the programs were attached.
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
    let pinned = args.pins.open()?;
    host_changes::warn(&args.pins, &pinned);
    let started = Instant::now();
    let Some(interval) = args.interval else {
        let none = vec![Snapshot::default(); pinned.len()];
        let (report, _) = report(&pinned, &registry, Kind::Totals, &none, Duration::ZERO, started)?;
        return Ok(unless_closed(write(args.output, &report, out))?);
    };
    let mut before: Vec<Snapshot> = pinned.iter().map(|it| Snapshot::read(it.counters())).collect();
    let mut last = Instant::now();
    loop {
        thread::sleep(interval);
        let length = last.elapsed();
        last = Instant::now();
        let (report, after) = report(&pinned, &registry, Kind::Interval, &before, length, started)?;
        match write(args.output, &report, out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        before = after;
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

/// A report over a period, and the counters at its end.
fn report(
    pinned: &[Pinned],
    registry: &Registry,
    kind: Kind,
    before: &[Snapshot],
    length: Duration,
    started: Instant,
) -> Result<(Report, Vec<Snapshot>), Failure> {
    let mut report = Report {
        kind,
        time: SystemTime::now(),
        elapsed_seconds: started.elapsed().as_secs_f64(),
        period_seconds: length.as_secs_f64(),
        mode: "monitor",
        registry_date: registry.edition().date().to_string(),
        interfaces: Vec::with_capacity(pinned.len()),
        ports: Vec::new(),
        sources: None,
        outbound: None,
        told: None,
        capture: None,
    };
    let after: Vec<Snapshot> = pinned.iter().map(|it| Snapshot::read(it.counters())).collect();
    for ((pinned, before), after) in pinned.iter().zip(before).zip(&after) {
        let moment = pinned.now().map_err(TruthError::from)?;
        let link = link(pinned, &moment)?;
        if link.mode == "drop" {
            report.mode = "drop";
        }
        let period = Period { before, after, length, timeline: &moment.into() };
        report.interfaces.push(period.interface(&link));
        let describe = |transport, port| describe(registry, transport, port);
        report.ports.extend(period.ports(&link, describe, |_, _| false));
    }
    Ok((report, after))
}

fn link(pinned: &Pinned, moment: &Moment) -> Result<Link, Failure> {
    let drops = pinned.state().standing(moment).drops();
    let attachment = pinned.attachment()?;
    Ok(Link {
        interface: attachment
            .as_ref()
            .map_or(pinned.interface(), |(link, _)| &link.name)
            .to_owned(),
        xdp_mode: attachment.as_ref().map_or("none".to_owned(), |(_, mode)| mode.to_string()),
        counted_at: attachment.as_ref().map_or("driver", |(_, mode)| counted_at(*mode)),
        forwarding: attachment.as_ref().and_then(|(link, _)| preflight::forwarding(link)),
        not_dropped: attachment.as_ref().and_then(|(link, _)| pinned.not_dropped(link, moment)),
        mode: if drops && attachment.is_some() { "drop" } else { "monitor" },
        program: pinned.program().name_as_str().unwrap_or_default().to_owned(),
        speed_bits_per_second: attachment.as_ref().and_then(|(link, _)| interfaces::speed(link)),
        gone: attachment.is_none(),
    })
}
