//! Agent: the interfaces that one process watches, from their attachment on.

mod error;
mod events;
mod interfaces;
mod kept;
mod loss;
mod mode;
mod outbound;
mod persistence;
mod plan;
mod preflight;
mod published;
mod reload;
mod selection;
mod state_dir;
mod state_file;
mod too_deep;
mod turn;

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

pub use error::AgentError;
pub use plan::{Plan, Target};
pub use preflight::{check_forwarding, links, on_this_host};
pub use published::States;
pub use selection::nothing as no_interface;
pub use state_dir::StateDir;
pub use turn::every;

use tokio::sync::watch;

use self::{
    kept::Kept,
    loss::Losses,
    mode::announce,
    persistence::pins_or_none,
    state_file::{Settings, StateFile},
    turn::Timers,
};
use crate::{
    event_log::{self, EventLog},
    kernel::pin::PinDirectory,
    ledger::Ledger,
    model::{DaemonId, ModeReason, NotDropped, Origin, State},
    query,
    state_dir::StateDirectory,
    story::{Records, Story},
    watch::{Hearing, Keeper, Lookout, Outbound, Presence, Watched},
};

/// Time that the end waits for the sinks.
const PATIENCE: Duration = Duration::from_secs(2);

/// Attachment of the programs, and messages for the operator.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Directory in bpffs for maps and programs.
    pub pin_dir: &'a Path,
    /// Directory for state that other processes read, and that ends with this one.
    pub runtime_dir: &'a Path,
    /// Directory for bans, confirmations and events, which outlive this process.
    pub state_dir: StateDir<'a>,
    /// True if the programs stay attached after the end of this process.
    pub stay: bool,
    /// True if the object with logging compiled in is loaded.
    pub trace: bool,
    /// Receiver of messages for the operator, one line each.
    pub tell: Tell,
}

/// Receiver of messages for the operator, one line each. It must not block.
pub type Tell = fn(&dyn Display);

/// The watched interfaces, and everything that follows them.
pub struct Agent {
    plan: Plan,
    /// This process, as other processes see it.
    id: DaemonId,
    pins: Option<PinDirectory>,
    stay: bool,
    trace: bool,
    tell: Tell,
    watched: Vec<Watched>,
    keeper: Option<Keeper>,
    /// Thread that finds listeners, from [`Agent::keep`] on.
    lookout: Option<Lookout>,
    /// Thread that hears of binds.
    hearing: Option<Hearing>,
    /// Watch over outbound flow starts, if `egress` is set.
    outbound: Option<Outbound>,
    started: Instant,
    timers: Option<Timers>,
    /// Directory for the state of agents; `None` after the end.
    runtime_dir: Option<PathBuf>,
    /// State that outlives this process, if a directory for it can be used.
    kept: Option<Kept>,
    /// Copy of the state for other processes, if the maps are pinned.
    state_file: Option<StateFile>,
    /// Values of the policy in force, by key.
    settings: Settings,
    /// State that readers load.
    states: watch::Sender<Arc<State>>,
    /// Interfaces, by index, that appeared later and cannot be watched.
    shunned: HashSet<u32>,
    /// Cause of missing pins, as it was reported last.
    unpinned: Option<String>,
    /// Mode of each interface, as it was reported last.
    said: BTreeMap<String, Option<ModeReason>>,
    /// Evidence for which drop mode was given up on interfaces, as it was reported last.
    given_up: BTreeMap<String, String>,
    /// Losses that were reported.
    losses: Losses,
    /// Probes that drop mode passes on each interface, as they were reported last.
    not_dropped: BTreeMap<String, NotDropped>,
    /// Sources of probes.
    ledger: Ledger,
    /// Events and alerts, on their way to the sinks.
    story: Story,
}

impl Agent {
    /// An agent without interfaces. The pin directory belongs to it.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: another process has the directory, or there is none where one is needed.
    pub fn open(plan: Plan, options: Options<'_>) -> Result<Self, AgentError> {
        let Options { pin_dir, runtime_dir, state_dir, stay, trace, tell } = options;
        let pins = match plan.needs_pins(stay) {
            true => Some(PinDirectory::require(pin_dir)?),
            false => pins_or_none(pin_dir, tell)?,
        };
        plan.warnings().for_each(|line| tell(line));
        let runtime = pins.as_ref().and_then(PinDirectory::id).map(|id| runtime_dir.join(id));
        let is_owned = state_dir.is_owned();
        let kept = state_dir
            .open(runtime.as_deref(), tell)
            .map(|directory| Kept::read(directory, !is_owned, pins.as_ref(), tell));
        let shunned = plan.left_out.iter().copied().collect();
        let ledger = Ledger::new(plan.config.remember_sources.value);
        let mut story = Story::start(&plan.config.sinks.value, plan.config.frame_bytes.value)?;
        story.identify(plan.identification());
        if let Some(kept) = kept.as_ref().filter(|_| is_owned) {
            story.keep(EventLog::start(kept.path().join(event_log::DIRECTORY))?);
        }
        let states = watch::Sender::new(Arc::new(query::empty(Origin::Live, &plan.registry)));
        let comm = fs::read_to_string("/proc/self/comm").ok();
        let name = comm.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        Ok(Self {
            id: DaemonId { pid: process::id(), name },
            pins,
            stay,
            trace,
            tell,
            watched: Vec::new(),
            keeper: None,
            lookout: None,
            hearing: None,
            outbound: None,
            started: Instant::now(),
            timers: None,
            runtime_dir: Some(runtime_dir.to_owned()),
            kept,
            state_file: None,
            settings: plan.settings().into(),
            plan,
            states,
            shunned,
            unpinned: None,
            said: BTreeMap::new(),
            given_up: BTreeMap::new(),
            losses: Losses::default(),
            not_dropped: BTreeMap::new(),
            ledger,
            story,
        })
    }

    /// Attaches to all interfaces of a plan, follows the host, and publishes the first state.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; nothing is left attached.
    pub fn start(plan: Plan, options: Options<'_>) -> Result<Self, AgentError> {
        let targets = plan.targets.clone();
        let mut agent = Self::open(plan, options)?;
        targets.iter().try_for_each(|target| agent.attach(target))?;
        agent.announce();
        agent.keep()?;
        agent.watch_outbound()?;
        agent.publish();
        Ok(agent)
    }

    /// Records from now on, for a reader in this process.
    pub fn records(&self) -> Records {
        self.story.records()
    }

    /// Directory for files that outlive this process; `None` if none can be used.
    pub fn state_dir(&self) -> Option<&Arc<StateDirectory>> {
        self.kept.as_ref().map(Kept::directory)
    }

    /// Plan in force.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Attaches to an interface of the plan. If that fails, all interfaces that were attached before are detached.
    ///
    /// # Errors
    ///
    /// [`AgentError`].
    pub fn attach(&mut self, target: &Target) -> Result<(), AgentError> {
        match self.watch(&self.plan, target) {
            Ok(watched) => self.watched.push(watched),
            Err(error) => {
                let made = std::mem::take(&mut self.watched);
                self.take_back(made);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reports the attached interfaces, a line each.
    pub fn announce(&mut self) {
        for watched in &self.watched {
            announce(watched, &self.plan, self.tell);
        }
        self.tell_standing();
    }

    /// Starts the threads that follow the host: its sockets, addresses and forwarding.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: a thread cannot be started, or the host cannot be asked.
    pub fn keep(&mut self) -> Result<(), AgentError> {
        // The old one first: two would write the same words.
        self.keeper = None;
        let scope = self.plan.scope();
        let lookout = match self.lookout.take() {
            Some(mut lookout) => {
                lookout.set_scope(scope);
                lookout
            }
            None => Lookout::start(scope)?,
        };
        let eye = lookout.eye();
        self.lookout = Some(lookout);
        self.keeper = Some(Keeper::start(&self.watched, self.plan.guards(), eye.clone())?);
        let hearing = match self.hearing.take() {
            Some(hearing) => hearing,
            None => Hearing::start(eye)?,
        };
        hearing.set(&self.watched);
        self.hearing = Some(hearing);
        Ok(())
    }

    /// Checks that the host is followed.
    ///
    /// # Errors
    ///
    /// [`AgentError::KeeperDied`].
    pub fn check_keeper(&self) -> Result<(), AgentError> {
        match &self.keeper {
            Some(keeper) if keeper.is_alive() => Ok(()),
            Some(_) | None => Err(AgentError::KeeperDied),
        }
    }

    /// Moment of the start.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Ends the watch: detaches all programs but persistent ones, and writes what is left to the sinks.
    pub fn end(&mut self) {
        if self.keeper.take().is_some() {
            self.sweep_bans();
        }
        self.keep_state(true);
        self.hearing = None;
        self.watched.iter_mut().for_each(Watched::detach);
        self.note_taken();
        self.report_too_deep(true);
        self.tell_events();
        self.report_losses(true);
        if let Some(lookout) = &self.lookout {
            lookout.finish(PATIENCE).into_iter().for_each(|notice| self.story.event(notice));
        }
        if let Some(outbound) = &mut self.outbound {
            outbound.end(PATIENCE).into_iter().for_each(|started| self.story.event(started));
        }
        self.story.end(SystemTime::now());
        self.tell_untold();
        self.story.close(PATIENCE);
        self.runtime_dir = None;
        if let Some(mut file) = self.state_file.take() {
            file.end(PATIENCE);
        }
    }
}
