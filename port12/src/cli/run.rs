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

use port12_common::{
    Transport,
    abi::{Action, Policy},
};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use self::{
    printer::{Printer, Shown},
    stop::Stop,
    view::View,
};
use super::{
    output::{tell, unless_closed},
    registry::RegistryArgs,
    settings::Settings,
};
use crate::{
    config::{Config, time::period},
    failure::{Code, Failure},
    kernel::pin::PinDirectory,
    policy::{Forwarding, Mode},
    report::Kind,
    watch::{Keeper, Run, Setup, Subject, Watched},
};

/// How long the totals wait for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches interfaces until Ctrl-C, SIGTERM, or the end of `--duration`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The policy file, and what goes before it
    #[command(flatten)]
    pub settings: Settings,
    /// Stop by itself after this time
    #[arg(long, value_name = "TIME", value_parser = period, env = "PORT12_DURATION")]
    pub duration: Option<Duration>,
    /// The directory in bpffs for the maps, while the program runs
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/port12", env = "PORT12_PIN_DIR")]
    pub pin_dir: PathBuf,
    /// Log every frame (needs a build with `--features trace`)
    #[arg(long, env = "PORT12_TRACE")]
    pub trace: bool,
}

/// Runs until it is told to stop, and reports to `out`.
///
/// # Errors
///
/// [`Failure`], with the exit code; nothing is left attached then.
pub async fn run(args: &RunArgs, out: impl Write + Send + 'static) -> Result<(), Failure> {
    let config = args.settings.load()?;
    preflight::check_supported(&config)?;
    let registry = RegistryArgs { registry: config.registry.value.clone() }.load()?;
    let compiled = config.compile(&registry);
    compiled.warnings.iter().for_each(tell);
    let links = preflight::links(&config)?;
    preflight::check_capabilities()?;
    let forwarding = links
        .iter()
        .map(|link| preflight::check_forwarding(link, &config))
        .collect::<Result<Vec<_>, _>>()?;
    let mut stop = Stop::new()?;
    let pins = lock(&args.pin_dir)?;
    let mode = config.mode.value;
    let setup = Setup {
        policy: &compiled.policy,
        allow: &config.allow.value,
        mode,
        wanted: config.xdp_mode.value,
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
    let subject = Subject { mode, registry: &registry };
    watched.iter().for_each(|interface| announce(interface, &subject, &compiled.policy));
    let guard = (mode == Mode::Drop && config.forwarding.value == Forwarding::Refuse)
        .then(|| config.compile_as(Mode::Monitor, &registry).policy);
    let keeper = Keeper::start(&watched, guard)?;
    let run = Run { subject, started: Instant::now() };
    let view = View::of(config.output.value);
    let printer = Printer::start(out)?;
    let end = watch((args, &config), &run, &mut watched, &keeper, (&view, &printer), stop).await;
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

fn announce(interface: &Watched, subject: &Subject<'_>, policy: &Policy) {
    let link = &interface.link;
    let rules = policy.rules[Transport::Tcp as usize].iter();
    let is_watched = |action| matches!(action, Action::Watch | Action::Drop { .. });
    tell(format_args!(
        "{}: {} XDP, {} mode, {} ports of the registry of {}",
        link.interface,
        link.xdp_mode,
        link.mode,
        rules.filter(|rule| is_watched(rule.action())).count(),
        subject.registry.edition()
    ));
}

async fn watch(
    (args, config): (&RunArgs, &Config),
    run: &Run<'_>,
    watched: &mut [Watched],
    keeper: &Keeper,
    (view, printer): (&View, &Printer),
    mut stop: Stop,
) -> Result<(), Failure> {
    let interval = config.interval.value;
    let mut ticks = interval_at(tokio::time::Instant::now() + interval, interval);
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
