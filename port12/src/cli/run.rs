//! `port12 run`: attach, watch, report, detach.

use std::{
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::builder::NonEmptyStringValueParser;
use port12_common::abi::TransitPolicy;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval_at, sleep, timeout},
};

use super::{
    output::{OutputFormat, tell, unless_closed},
    registry::RegistryArgs,
};
use crate::{
    failure::{Code, Failure},
    host::{
        capabilities, forwarding,
        interfaces::{self, Link},
    },
    kernel::{attach::Wanted, pin::PinDirectory},
    policy::{Mode, policy},
    report::{Kind, Report, write_json, write_table},
    watch::{Keeper, Run, Setup, Subject, Watched},
};

/// Watches interfaces until Ctrl-C, SIGTERM, or the end of `--duration`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// An interface to watch; repeat for more [default: that of the default route, else lo]
    #[arg(short, long = "interface", value_name = "IFACE", env = "PORT12_INTERFACE")]
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
    #[arg(long)]
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
pub async fn run(args: &RunArgs, out: &mut (impl AsyncWrite + Unpin)) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let links = links(&args.interfaces)?;
    check_capabilities()?;
    let forwarding =
        links.iter().map(|link| check_forwarding(link, args)).collect::<Result<Vec<_>, _>>()?;
    let mut stop = Stop::new()?;
    let pins = PinDirectory::lock(&args.pin_dir)?;
    if pins.is_none() {
        let path = args.pin_dir.display();
        tell(format_args!(
            "{path} is not in a bpffs: the maps are not pinned, and only this process \
             can read them (`mount -t bpf bpf /sys/fs/bpf`)"
        ));
    }
    let policy = policy(&registry.bits(), args.mode, args.transit.into(), false);
    let setup = Setup { policy: &policy, wanted: args.xdp_mode, trace: args.trace };
    let mut watched =
        links.iter().map(|link| Watched::start(link, &setup)).collect::<Result<Vec<_>, _>>()?;
    for (interface, forwarding) in watched.iter_mut().zip(forwarding) {
        interface.link.forwarding = forwarding;
    }
    for interface in &watched {
        let link = &interface.link;
        if let Some(pins) = &pins {
            pins.pin(&link.interface, interface.instance())?;
        }
        tell(format_args!(
            "{}: {} XDP, {} mode, {} ports of the registry of {}",
            link.interface,
            link.xdp_mode,
            args.mode.as_str(),
            registry.watched(port12_common::Transport::Tcp).len(),
            registry.edition()
        ));
    }
    let keeper = Keeper::start(watched.iter().map(|each| each.instance().clone()).collect())?;
    let subject = Subject { mode: args.mode, registry: &registry };
    let run = Run { subject, started: Instant::now() };
    let view = View::of(args.output);
    let ended = watch(args, &run, &mut watched, &view, &mut stop, out).await;
    drop(keeper);
    watched.iter_mut().for_each(Watched::detach);
    ended?;
    let totals = run.report(Kind::Totals, &mut watched, run.started.elapsed());
    tokio::select! {
        shown = view.show(&totals, out) => Ok(unless_closed(shown)?),
        () = stop.asked() => Err(stalled()),
    }
}

/// How long a reader may take for what it was sent before the end.
const GRACE: Duration = Duration::from_secs(1);

fn stalled() -> Failure {
    Failure::new(Code::Runtime, "the reader of the report has stalled: it gets no totals")
}

async fn watch(
    args: &RunArgs,
    run: &Run<'_>,
    watched: &mut [Watched],
    view: &View,
    stop: &mut Stop,
    out: &mut (impl AsyncWrite + Unpin),
) -> Result<(), Failure> {
    let mut ticks = interval_at(tokio::time::Instant::now() + args.interval, args.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = async {
        let duration = async {
            match args.duration {
                Some(duration) => sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = duration => {}
            () = stop.asked() => {}
        }
    };
    tokio::pin!(end);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            _ = ticks.tick() => {}
        }
        for interface in watched.iter_mut() {
            if interface.has_vanished() {
                tell(format_args!("{}: the interface has vanished", interface.link.interface));
            }
        }
        fault("interval");
        let report = run.report(Kind::Interval, watched, last.elapsed());
        last = Instant::now();
        let mut show = std::pin::pin!(view.show(&report, out));
        let shown = tokio::select! {
            shown = &mut show => shown,
            () = &mut end => {
                let shown = timeout(GRACE, show).await.map_err(|_| stalled())?;
                return Ok(unless_closed(shown)?);
            }
        };
        if let Err(error) = shown {
            return Ok(unless_closed(Err(error))?);
        }
    }
}

/// The interfaces to watch, each once.
fn links(names: &[String]) -> Result<Vec<Link>, Failure> {
    let mut links: Vec<Link> = Vec::new();
    for name in names {
        let link = interfaces::by_name(name)?;
        if !links.iter().any(|known| known.index == link.index) {
            links.push(link);
        }
    }
    if links.is_empty() {
        links.push(match interfaces::default_route()? {
            Some(link) => link,
            None => interfaces::by_name("lo")?,
        });
    }
    Ok(links)
}

fn check_capabilities() -> Result<(), Failure> {
    let missing = capabilities::missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Permission,
        format!("watching takes {}: run as root, or grant them to the program", missing.join(", ")),
    ))
}

/// Why a missing socket proves nothing on this interface; drop mode is refused then.
fn check_forwarding(link: &Link, args: &RunArgs) -> Result<Option<String>, Failure> {
    let reasons = forwarding::reasons(link.index)?;
    let Some(first) = reasons.first() else {
        return Ok(None);
    };
    let name = &link.name;
    match (args.mode, args.forwarding) {
        (Mode::Drop, Forwarding::Refuse) => Err(Failure::new(
            Code::Config,
            format!(
                "drop mode is refused on {name}: {first}; a port that is forwarded has no socket \
                 here. Use `--mode monitor`, or `--forwarding drop` to drop what is for this \
                 host's own addresses all the same"
            ),
        )),
        (Mode::Drop, Forwarding::Drop) | (Mode::Monitor, _) => Ok(Some(first.to_string())),
    }
}

/// The signals that end a run.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// How reports are shown.
enum View {
    Json,
    /// A table in place: clear, then draw.
    Redrawn,
    Appended,
}

impl View {
    fn of(output: OutputFormat) -> Self {
        match output {
            OutputFormat::Json => Self::Json,
            OutputFormat::Table if io::stdout().is_terminal() => Self::Redrawn,
            OutputFormat::Table => Self::Appended,
        }
    }

    async fn show(&self, report: &Report, out: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let mut text = Vec::new();
        self.write(report, &mut text)?;
        out.write_all(&text).await?;
        out.flush().await
    }

    fn write(&self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Json => write_json(report, out),
            Self::Appended => write_table(report, None, out),
            Self::Redrawn => {
                let rows = match report.kind {
                    Kind::Interval => {
                        out.write_all(b"\x1b[H\x1b[2J")?;
                        Some(20)
                    }
                    Kind::Totals => None,
                };
                write_table(report, rows, out)
            }
        }
    }
}

/// A place where tests can make a debug build panic.
fn fault(place: &str) {
    if cfg!(debug_assertions) && std::env::var("PORT12_FAULT").is_ok_and(|fault| fault == place) {
        panic!("fault injected at {place}");
    }
}
