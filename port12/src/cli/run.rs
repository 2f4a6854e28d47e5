//! `port12 run`: attach, watch, report, detach.

mod changes;
mod printer;
mod signals;
mod view;

use std::{io::Write, path::Path, time::Duration};

use tokio::time::sleep;

use self::{
    changes::Changes,
    printer::{Printer, Shown},
    signals::{Asked, Signals},
    view::View,
};
use super::{
    output::{tell, unless_closed},
    pins::PinArgs,
    settings::Settings,
};
use crate::{
    agent::{Agent, Options, Plan, StateDir, every},
    cli::failure::Failure,
    config::{DEFAULT_PATH, time::period},
    fault::fault,
    model::{Baseline, State},
    privileges,
    report::{Kind, Report},
    sink::has_stdout,
};

/// How long the totals wait for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watch interfaces until Ctrl-C, SIGTERM, or the end of `--duration`.
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
    let plan = Plan::make(args.settings.load()?, &args.pins.pin_dir)?;
    let (stay, targets) = (plan.config.pin.value, plan.targets.clone());
    let options = Options {
        pin_dir: &args.pins.pin_dir,
        runtime_dir: &args.pins.runtime_dir,
        state_dir: StateDir::Owned(&args.pins.state_dir),
        stay,
        trace: args.trace,
        tell: |line| tell(line),
    };
    privileges::decide(plan.config.least_privilege.value);
    privileges::raise_memory_limit();
    let view = View::of(plan.config.output.value, has_stdout(&plan.config.sinks.value));
    let mut agent = Agent::open(plan, options)?;
    for target in &targets {
        // Each takes the verifier a tenth of a second.
        if signals.want_an_end().await {
            return Ok(());
        }
        agent.attach(target)?;
    }
    agent.announce();
    agent.keep()?;
    agent.watch_outbound()?;
    let printer = Printer::start(out)?;
    privileges::give_up();
    let start = Baseline::from(&*agent.publish());
    let watch = Watch { args, view: &view, printer: &printer };
    let end = watch.until_end(&mut agent, signals, changes, start.clone()).await;
    agent.end();
    end?;
    let elapsed = agent.started().elapsed().as_secs_f64();
    let totals = Report::over(Kind::Totals, &start, State::clone(&agent.publish()), elapsed);
    Ok(unless_closed(printer.finish(view.render(&totals)?, PATIENCE))?)
}

/// Time between two looks at the policy file.
const FILE: Duration = Duration::from_secs(1);

struct Watch<'a> {
    args: &'a RunArgs,
    view: &'a View,
    printer: &'a Printer,
}

impl Watch<'_> {
    async fn until_end(
        &self,
        agent: &mut Agent,
        mut signals: Signals,
        mut changes: Option<Changes>,
        mut before: Baseline,
    ) -> Result<(), Failure> {
        let mut reports = every(agent.plan().config.interval.value);
        let mut file = every(FILE);
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
                turned = agent.turn() => {
                    turned?;
                    if agent.has_lost_its_reader() {
                        return Ok(());
                    }
                }
                _ = file.tick() => reloads = changes.as_mut().is_some_and(Changes::are_there),
                _ = reports.tick() => {
                    fault("interval");
                    agent.check_keeper()?;
                    if self.report(agent, &mut before, &mut left_out)? == Shown::Ended {
                        return Ok(());
                    }
                }
            }
            if reloads && self.reload(agent) {
                reports = every(agent.plan().config.interval.value);
            }
        }
    }

    /// Puts the policy in force that the file says by now. One that is not accepted changes
    /// nothing. Returns whether it was.
    fn reload(&self, agent: &mut Agent) -> bool {
        match self.read_plan().and_then(|plan| Ok(agent.reload(plan)?)) {
            Ok(()) => match agent.detached().join(", ") {
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

    fn read_plan(&self) -> Result<Plan, Failure> {
        Ok(Plan::make(self.args.settings.load()?, &self.args.pins.pin_dir)?)
    }

    fn report(
        &self,
        agent: &mut Agent,
        before: &mut Baseline,
        left_out: &mut u64,
    ) -> Result<Shown, Failure> {
        let state = agent.publish();
        let baseline = std::mem::replace(before, Baseline::from(&*state));
        let elapsed = agent.started().elapsed().as_secs_f64();
        let report = Report::over(Kind::Interval, &baseline, State::clone(&state), elapsed);
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
