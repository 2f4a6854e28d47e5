//! `port12 run`: attach, watch, report, detach.

mod changes;
mod printer;
mod signals;
mod view;

use std::{io::Write, path::Path, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval_at, sleep};

use self::{
    changes::Changes,
    printer::{Printer, Shown},
    signals::{Asked, Signals},
    view::View,
};
use super::{
    output::{tell, unless_closed},
    pins::PinArgs,
    plan::Plan,
    session::{Manner, Session},
    settings::Settings,
};
use crate::{
    cli::failure::Failure,
    config::{DEFAULT_PATH, time::period},
    fault::fault,
    model::Baseline,
    privileges,
    report::{Kind, Report},
    sink::has_stdout,
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
    /// Reload the policy file when it changes, not only at SIGHUP
    #[arg(long, env = "PORT12_WATCH_CONFIG")]
    pub watch_config: bool,
    /// Where the maps and programs are pinned
    #[command(flatten)]
    pub pins: PinArgs,
    /// Log every frame (needs a build with `--features trace`)
    #[arg(long, env = "PORT12_TRACE")]
    pub trace: bool,
}

/// Runs until it is told to stop, and reports to `out`.
///
/// # Errors
///
/// [`Failure`], with the exit code; nothing is left attached then, but for what is to stay.
pub async fn run(args: &RunArgs, out: impl Write + Send + 'static) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    // From before it is read: what changes after is seen.
    let file = args.settings.config.as_deref().unwrap_or(Path::new(DEFAULT_PATH));
    let changes = args.watch_config.then(|| Changes::of(file));
    let plan = Plan::make(&args.settings, &args.pins.pin_dir)?;
    let (stay, targets) = (plan.config.pin.value, plan.targets.clone());
    let manner = Manner { pin_dir: &args.pins.pin_dir, stay, trace: args.trace };
    privileges::decide(plan.config.least_privilege.value);
    privileges::raise_memory_limit();
    let view = View::of(plan.config.output.value, has_stdout(&plan.config.sinks.value));
    let mut session = Session::open(plan, manner)?;
    for target in &targets {
        // Each takes the verifier a tenth of a second.
        if signals.want_an_end().await {
            return Ok(());
        }
        session.attach(target)?;
    }
    session.announce();
    session.keep()?;
    session.watch_outbound()?;
    let printer = Printer::start(out)?;
    privileges::give_up();
    let start = Baseline::from(&session.state());
    let watch = Watch { args, view: &view, printer: &printer };
    let end = watch.until_end(&mut session, signals, changes, start.clone()).await;
    session.end();
    end?;
    let elapsed = session.started().elapsed().as_secs_f64();
    let totals = Report::over(Kind::Totals, &start, session.state(), elapsed);
    Ok(unless_closed(printer.finish(view.render(&totals)?, PATIENCE))?)
}

/// How often the host and the policy file are looked at, whatever the reports' interval.
const GLANCE: Duration = Duration::from_secs(1);

/// How often it is looked for what has happened: the program wakes nobody. In that time the ring buffer takes
/// 6,700 events.
const LOOK: Duration = Duration::from_millis(100);

struct Watch<'a> {
    args: &'a RunArgs,
    view: &'a View,
    printer: &'a Printer,
}

impl Watch<'_> {
    async fn until_end(
        &self,
        session: &mut Session,
        mut signals: Signals,
        mut changes: Option<Changes>,
        mut before: Baseline,
    ) -> Result<(), Failure> {
        let mut reports = every(session.plan().config.interval.value);
        let mut glances = every(GLANCE);
        let mut looks = every(LOOK);
        let end = async {
            match self.args.duration {
                Some(duration) => sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(end);
        let mut left_out = 0;
        loop {
            let mut reloads = false;
            tokio::select! {
                () = &mut end => return Ok(()),
                asked = signals.asked() => match asked {
                    Asked::Stop => return Ok(()),
                    Asked::Reload => reloads = true,
                },
                _ = looks.tick() => {
                    session.tell_events();
                    if session.has_lost_its_reader() {
                        return Ok(());
                    }
                }
                _ = glances.tick() => {
                    session.look_around()?;
                    session.follow_outbound(false);
                    session.note_sources();
                    session.note_taken();
                    session.report_too_deep(false);
                    session.sweep_bans();
                    session.tell_standing();
                    reloads = changes.as_mut().is_some_and(Changes::are_there);
                }
                _ = reports.tick() => {
                    fault("interval");
                    if self.report(session, &mut before, &mut left_out)? == Shown::Ended {
                        return Ok(());
                    }
                }
            }
            session.check_keeper()?;
            if reloads && self.reload(session) {
                reports = every(session.plan().config.interval.value);
            }
        }
    }

    /// Puts the policy in force that the file says by now. One that is not accepted changes
    /// nothing. Returns whether it was.
    fn reload(&self, session: &mut Session) -> bool {
        match Plan::make(&self.args.settings, &self.args.pins.pin_dir)
            .and_then(|plan| session.reload(plan))
        {
            Ok(()) => match session.detached().join(", ") {
                none if none.is_empty() => tell("reloaded"),
                detached => tell(format_args!(
                    "reloaded, but port12's program is not attached to {detached}: another process \
                     detached it; a restart attaches again, or `reattach = true`"
                )),
            },
            Err(failure) => {
                tell(format_args!("{}; the policy in force stays", failure.message));
                return false;
            }
        }
        true
    }

    fn report(
        &self,
        session: &mut Session,
        before: &mut Baseline,
        left_out: &mut u64,
    ) -> Result<Shown, Failure> {
        let state = session.state();
        let baseline = std::mem::replace(before, Baseline::from(&state));
        let elapsed = session.started().elapsed().as_secs_f64();
        let report = Report::over(Kind::Interval, &baseline, state, elapsed);
        let shown = self.printer.show(self.view.render(&report)?);
        match shown {
            Shown::Queued => {
                if let count @ 1.. = std::mem::take(left_out) {
                    log::warn!("the reader of the reports goes on: {count} were left out");
                }
            }
            Shown::Skipped => {
                if *left_out == 0 {
                    log::warn!(
                        "the reader of the reports has stalled: until it goes on, some are left out"
                    );
                }
                *left_out += 1;
            }
            Shown::Ended => {}
        }
        Ok(shown)
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(tokio::time::Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
