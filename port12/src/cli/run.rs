//! `port12 run`: attach, watch, report, detach.

mod preflight;
mod printer;
mod stop;
mod view;

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::builder::NonEmptyStringValueParser;
use port12_common::{Transport, abi::TransitPolicy};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use self::{
    printer::{Printer, Shown},
    stop::Stop,
    view::View,
};
use super::{
    output::{OutputFormat, tell, unless_closed},
    registry::RegistryArgs,
};
use crate::{
    failure::{Code, Failure},
    kernel::{attach::Wanted, pin::PinDirectory},
    policy::{Mode, policy},
    report::Kind,
    watch::{Keeper, Run, Setup, Subject, Watched},
};

/// How long the totals wait for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches interfaces until Ctrl-C, SIGTERM, or the end of `--duration`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// An interface to watch; repeat for more [default: that of the default route, else lo]
    #[arg(
        short,
        long = "interface",
        value_name = "IFACE",
        value_delimiter = ',',
        env = "PORT12_INTERFACE"
    )]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub interfaces: Vec<String>,
    /// What becomes of probes
    #[arg(long, value_enum, default_value_t, env = "PORT12_MODE")]
    pub mode: Mode,
    /// Where the program runs
    #[arg(long, value_enum, default_value_t, env = "PORT12_XDP_MODE")]
    pub xdp_mode: Wanted,
    /// Time between reports: 1s, 500ms, 1m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = period, env = "PORT12_INTERVAL")]
    pub interval: Duration,
    /// Stop by itself after this time
    #[arg(long, value_name = "TIME", value_parser = period, env = "PORT12_DURATION")]
    pub duration: Option<Duration>,
    /// The form of the reports; json is one object per line and report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// What to do about conversation starts for other hosts
    #[arg(long, value_enum, default_value_t, env = "PORT12_TRANSIT")]
    pub transit: Transit,
    /// Whether drop mode is refused where this host forwards
    #[arg(long, value_enum, default_value_t, env = "PORT12_FORWARDING")]
    pub forwarding: Forwarding,
    /// The directory in bpffs for the maps, while the program runs
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/port12", env = "PORT12_PIN_DIR")]
    pub pin_dir: PathBuf,
    /// Log every frame (needs a build with `--features trace`)
    #[arg(long, env = "PORT12_TRACE")]
    pub trace: bool,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// What to do about conversation starts for other hosts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Transit {
    /// Pass and count them as transit
    #[default]
    Pass,
    /// Count them as probes and pass them: a mirror port
    Watch,
    /// Treat them like those for this host
    Drop,
}

impl From<Transit> for TransitPolicy {
    fn from(transit: Transit) -> Self {
        match transit {
            Transit::Pass => Self::Pass,
            Transit::Watch => Self::Watch,
            Transit::Drop => Self::Drop,
        }
    }
}

/// Whether drop mode is refused where this host forwards.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Forwarding {
    /// Refuse: a published port or a masqueraded reply has no socket here
    #[default]
    Refuse,
    /// Drop all the same what is for this host's own addresses and has no socket
    Drop,
}

/// Parses a time between reports.
///
/// # Errors
///
/// One line: what is wrong, and what is accepted.
pub(super) fn period(text: &str) -> Result<Duration, String> {
    let time: Duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it like 1s, 500ms or 1m30s"))?;
    if time < Duration::from_millis(100) || time > Duration::from_secs(86_400 * 365) {
        return Err("it must be between 100ms and 1 year".into());
    }
    Ok(time)
}

/// Runs until it is told to stop, and reports to `out`.
///
/// # Errors
///
/// [`Failure`], with the exit code; nothing is left attached then.
pub async fn run(args: &RunArgs, out: impl Write + Send + 'static) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let links = preflight::links(&args.interfaces)?;
    preflight::check_capabilities()?;
    let forwarding = links
        .iter()
        .map(|link| preflight::check_forwarding(link, args))
        .collect::<Result<Vec<_>, _>>()?;
    let mut stop = Stop::new()?;
    let pins = lock(&args.pin_dir)?;
    let bits = registry.bits();
    let setup = Setup {
        policy: &policy(&bits, args.mode, args.transit.into()),
        mode: args.mode,
        wanted: args.xdp_mode,
        trace: args.trace,
    };
    let mut watched = Vec::with_capacity(links.len());
    for link in &links {
        // Each takes the verifier half a second.
        if stop.was_asked().await {
            return Ok(());
        }
        watched.push(Watched::start(link, &setup)?);
    }
    for (interface, forwarding) in watched.iter_mut().zip(forwarding) {
        interface.link.forwarding = forwarding;
        if let Some(pins) = &pins {
            pins.pin(&interface.link.interface, interface.instance())?;
        }
    }
    let subject = Subject { mode: args.mode, registry: &registry };
    watched.iter().for_each(|interface| announce(interface, &subject));
    let guard = (args.mode == Mode::Drop && args.forwarding == Forwarding::Refuse)
        .then(|| policy(&bits, Mode::Monitor, args.transit.into()));
    let keeper = Keeper::start(&watched, guard)?;
    let run = Run { subject, started: Instant::now() };
    let view = View::of(args.output);
    let printer = Printer::start(out)?;
    let end = watch(args, &run, &mut watched, &keeper, (&view, &printer), stop).await;
    drop(keeper);
    watched.iter_mut().for_each(Watched::detach);
    end?;
    let totals = run.report(Kind::Totals, &mut watched, run.started.elapsed());
    Ok(unless_closed(printer.finish(view.render(&totals)?, PATIENCE))?)
}

fn lock(path: &Path) -> Result<Option<PinDirectory>, Failure> {
    let pins = PinDirectory::lock(path)?;
    if pins.is_none() {
        tell(format_args!(
            "{} is not in a bpffs: the maps are not pinned, and only this process can read them \
             (`mount -t bpf bpf /sys/fs/bpf`)",
            path.display()
        ));
    }
    Ok(pins)
}

fn announce(interface: &Watched, subject: &Subject<'_>) {
    let link = &interface.link;
    tell(format_args!(
        "{}: {} XDP, {} mode, {} ports of the registry of {}",
        link.interface,
        link.xdp_mode,
        link.mode,
        subject.registry.watched(Transport::Tcp).len(),
        subject.registry.edition()
    ));
}

async fn watch(
    args: &RunArgs,
    run: &Run<'_>,
    watched: &mut [Watched],
    keeper: &Keeper,
    (view, printer): (&View, &Printer),
    mut stop: Stop,
) -> Result<(), Failure> {
    let mut ticks = interval_at(tokio::time::Instant::now() + args.interval, args.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = async {
        match args.duration {
            Some(duration) => sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    let mut last = Instant::now();
    let mut stalled = false;
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            () = stop.asked() => return Ok(()),
            _ = ticks.tick() => {}
        }
        for interface in watched.iter_mut() {
            if interface.has_vanished() {
                tell(format_args!("{}: the interface has vanished", interface.link.interface));
            }
        }
        if !keeper.is_alive() {
            let message = "the thread that keeps the sockets and addresses true has died";
            return Err(Failure::new(Code::Runtime, message));
        }
        fault("interval");
        let report = run.report(Kind::Interval, watched, last.elapsed());
        last = Instant::now();
        match printer.show(view.render(&report)?) {
            Shown::Queued => stalled = false,
            Shown::Skipped if stalled => {}
            Shown::Skipped => {
                stalled = true;
                log::warn!(
                    "the reader of the reports has stalled: until it goes on, some are left out"
                );
            }
            Shown::Ended => return Ok(()),
        }
    }
}

/// A place where tests can make a debug build panic.
fn fault(place: &str) {
    if cfg!(debug_assertions) && std::env::var("PORT12_FAULT").is_ok_and(|fault| fault == place) {
        panic!("fault injected at {place}");
    }
}
