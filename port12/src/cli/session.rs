//! The interfaces that one process watches, from their attachment on.

mod egress;
mod persistence;
mod reload;
mod standing;
mod too_deep;

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use self::{persistence::pins_or_none, standing::announce};
use super::{
    output::tell,
    plan::{Plan, Target},
};
use crate::{
    cli::failure::{Code, Failure},
    host::{interfaces, time::since_boot},
    kernel::pin::PinDirectory,
    ledger::Ledger,
    model::{ModeReason, NotDropped, Origin, State},
    query,
    story::Story,
    watch::{Hearing, Keeper, Lookout, Outbound, Presence, Setup, Watched},
};

/// Bans that are told one by one in a second: whoever forges sources has some 64 made.
const TOLD_AT_ONCE: usize = 16;

/// How long the end waits for the sinks.
const PATIENCE: Duration = Duration::from_secs(2);

/// How to attach.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// The directory in bpffs for maps and programs.
    pub pin_dir: &'a Path,
    /// Whether the programs are to stay when this process ends.
    pub stay: bool,
    /// Whether to load the object with logging compiled in.
    pub trace: bool,
}

/// What is watched.
pub struct Session {
    plan: Plan,
    pins: Option<PinDirectory>,
    stay: bool,
    trace: bool,
    watched: Vec<Watched>,
    keeper: Option<Keeper>,
    /// Who says who listens, from when the truth is kept.
    lookout: Option<Lookout>,
    /// What tells it of binds.
    hearing: Option<Hearing>,
    /// What watches what this host starts, where that is asked for.
    outbound: Option<Outbound>,
    started: Instant,
    /// Interfaces, by index, that came while this runs and cannot be watched.
    shunned: HashSet<u32>,
    /// Why the pins are not in place, as it was reported last.
    unpinned: Option<String>,
    /// How drop mode stood on each interface when that was told last.
    said: BTreeMap<String, Option<ModeReason>>,
    /// What drop mode does not drop on each interface, as it was reported last.
    not_dropped: BTreeMap<String, NotDropped>,
    /// Who knocked.
    ledger: Ledger,
    /// What is told of it.
    story: Story,
}

impl Session {
    /// A session without interfaces. The pin directory belongs to it.
    ///
    /// # Errors
    ///
    /// [`Failure`]: another process has the directory, or there is none where one is needed.
    pub fn open(plan: Plan, manner: Manner<'_>) -> Result<Self, Failure> {
        let Manner { pin_dir, stay, trace } = manner;
        let pins = match plan.needs_pins(stay) {
            true => Some(PinDirectory::require(pin_dir)?),
            false => pins_or_none(pin_dir)?,
        };
        plan.warnings().for_each(tell);
        let shunned = plan.left_out.iter().copied().collect();
        let ledger = Ledger::new(plan.config.remember_sources.value);
        let story = Story::start(&plan.config.sinks.value, plan.config.frame_bytes.value)?;
        Ok(Self {
            plan,
            pins,
            stay,
            trace,
            watched: Vec::new(),
            keeper: None,
            lookout: None,
            hearing: None,
            outbound: None,
            started: Instant::now(),
            shunned,
            unpinned: None,
            said: BTreeMap::new(),
            not_dropped: BTreeMap::new(),
            ledger,
            story,
        })
    }

    /// What was decided.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Attaches to one of the plan's interfaces. Where that fails, those that were attached before
    /// are let go of.
    ///
    /// # Errors
    ///
    /// [`Failure`], with the exit code.
    pub fn attach(&mut self, target: &Target) -> Result<(), Failure> {
        match self.start(&self.plan, target) {
            Ok(watched) => self.watched.push(watched),
            Err(failure) => {
                let made = std::mem::take(&mut self.watched);
                self.take_back(made);
                return Err(failure);
            }
        }
        Ok(())
    }

    fn start(&self, plan: &Plan, target: &Target) -> Result<Watched, Failure> {
        let name = &target.link.name;
        let owns = |it: &&Watched| !it.gone && it.name == *name;
        if self.watched.iter().any(|it| owns(&it) && it.index != target.link.index) {
            let why = "is the name that another interface was attached under, which is still here";
            return Err(Failure::new(Code::Foreign, format!("{name} {why}: rename one of them")));
        }
        let setup = Setup {
            orders: &plan.orders(),
            wanted: plan.config.xdp_mode.value,
            trace: self.trace,
            pins: self.pins.as_ref(),
            stay: self.stay,
        };
        let watched = Watched::start(&target.link, &setup)?;
        watched.forwarding().set(target.forwarding.clone());
        Ok(watched)
    }

    /// Lets go of what was just attached; what was there before stays.
    fn take_back(&self, made: Vec<Watched>) {
        for watched in made.into_iter().filter(|it| !it.adopted) {
            log::info!("{}: detached again", watched.name);
            self.leave(watched);
        }
    }

    /// Says what is attached.
    pub fn announce(&mut self) {
        for watched in &self.watched {
            announce(watched, &self.plan);
        }
        self.tell_standing();
    }

    /// Starts to keep true what the programs know of the host.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn keep(&mut self) -> Result<(), Failure> {
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

    /// Fails where nobody keeps it true any longer.
    ///
    /// # Errors
    ///
    /// The thread has died.
    pub fn check_keeper(&self) -> Result<(), Failure> {
        match &self.keeper {
            Some(keeper) if keeper.is_alive() => Ok(()),
            Some(_) | None => {
                let message = "the thread that keeps the sockets and addresses true has died";
                Err(Failure::new(Code::Runtime, message))
            }
        }
    }

    fn leave(&self, mut watched: Watched) {
        let name = watched.name.clone();
        watched.detach();
        // The place may belong to another interface of that name by now.
        let is_taken = self.watched.iter().any(|it| !it.gone && it.name == name);
        if let Some(pins) = self.pins.as_ref().filter(|_| !is_taken)
            && let Err(error) = pins.slot(&name).remove()
        {
            log::info!("{name}: {error}");
        }
    }

    /// Looks for interfaces that have come and are to be watched, and for those that have gone.
    /// What cannot be watched is told once.
    ///
    /// # Errors
    ///
    /// Where the truth about them cannot be kept.
    pub fn look_around(&mut self) -> Result<(), Failure> {
        // A list that cannot be read says nothing about the interfaces.
        let links = interfaces::all().ok();
        for watched in &mut self.watched {
            let news = links.as_ref().map(|links| watched.glance(links, self.pins.as_ref()));
            news.into_iter().flatten().for_each(tell);
        }
        self.check_pins()?;
        if self.plan.config.reattach.value {
            self.reattach()?;
        }
        let config = &self.plan.config;
        let any_gone = self.watched.iter().any(|it| it.gone);
        if !config.is_dynamic() && !any_gone {
            return Ok(());
        }
        let Some(links) = links else {
            return Ok(());
        };
        let comes = |link: &interfaces::Link| {
            let is_watched = self.watched.iter().any(|it| !it.gone && it.index == link.index);
            let comes_back = self.watched.iter().any(|it| it.gone && it.name == link.name);
            !is_watched
                && !self.shunned.contains(&link.index)
                && (comes_back || config.matches(link))
        };
        let come: Vec<_> = links.into_iter().filter(comes).collect();
        if come.is_empty() {
            return Ok(());
        }
        // It would write to what comes in the place of what has gone.
        self.keeper = None;
        for link in come {
            let (index, name) = (link.index, link.name.clone());
            let started =
                Target::of(link, &self.plan.config).and_then(|it| self.start(&self.plan, &it));
            match started {
                Ok(watched) => {
                    announce(&watched, &self.plan);
                    self.watched.retain(|it| !(it.gone && it.name == name));
                    self.watched.push(watched);
                }
                Err(failure) => {
                    self.shunned.insert(index);
                    log::error!("{name} has come, and is not watched: {}", failure.message);
                }
            }
        }
        self.keep()
    }

    /// Takes note of who has knocked, before the kernel program forgets it.
    pub fn note_sources(&mut self) {
        for watched in self.watched.iter_mut().filter(|it| !it.gone) {
            watched.note_sources(&mut self.ledger);
        }
        // Those of an interface that has vanished too: it may come back with them.
        let tables: Vec<u64> =
            self.watched.iter().map(|it| it.instance().sources().tables()).collect();
        self.ledger.keep_tables(&tables);
    }

    /// Forgets the bans that are over, and tells of those that a program has made.
    pub fn sweep_bans(&mut self) {
        for watched in self.watched.iter_mut().filter(|it| !it.gone) {
            let made = watched.sweep_bans();
            let name = &watched.name;
            match made {
                Ok(made) => {
                    for (source, time) in made.iter().take(TOLD_AT_ONCE) {
                        let time = humantime::format_duration(*time);
                        tell(format_args!("{name}: {source} is banned for {time}"));
                    }
                    if let more @ 1.. = made.len().saturating_sub(TOLD_AT_ONCE) {
                        tell(format_args!("{name}: {more} more sources are banned"));
                    }
                }
                Err(error) => log::warn!("{name}: {error}"),
            }
        }
    }

    /// Hands on what has happened, and tells of the scans that it comes to.
    pub fn tell_events(&mut self) {
        for watched in &mut self.watched {
            watched.events(|event| self.story.event(event));
        }
        if self.lookout.as_ref().is_some_and(Lookout::waits_for_counts) {
            self.note_taken();
        }
        if let Some(lookout) = &self.lookout {
            lookout.notices().into_iter().for_each(|notice| self.story.notice(notice));
        }
        if let Some(outbound) = &mut self.outbound {
            outbound.news().into_iter().for_each(|started| self.story.started(started));
        }
        self.story.tick(SystemTime::now());
        self.tell_untold();
    }

    /// Takes note of knocks that have reached a socket.
    pub fn note_taken(&mut self) {
        let Some(lookout) = &self.lookout else {
            return;
        };
        let began = Instant::now();
        for watched in &mut self.watched {
            let taken = watched.taken();
            lookout.reached(&Arc::from(&*watched.name), taken);
        }
        lookout.counted(began);
    }

    /// Whether a sink had standard output, which was closed.
    pub fn has_lost_its_reader(&self) -> bool {
        self.story.is_closed()
    }

    fn tell_untold(&mut self) {
        for line in self.story.untold() {
            tell(line);
        }
    }

    /// State at this moment.
    pub fn state(&mut self) -> State {
        let registry = &self.plan.registry;
        for watched in &mut self.watched {
            watched.note_sources(&mut self.ledger);
        }
        let timeline = self.watched.last().map(Watched::timeline);
        let sources = timeline.map(|it| query::sources_state(&self.ledger, it));
        let mut alerts = self.story.report();
        alerts.rate_limited += self.lookout.as_ref().map_or(0, Lookout::suppressed);
        alerts.rate_limited += self.outbound.as_ref().map_or(0, Outbound::suppressed);
        State {
            time: SystemTime::now(),
            clock_ns: u64::try_from(since_boot().as_nanos()).unwrap_or(u64::MAX),
            origin: Origin::Live,
            registry_date: registry.edition().date().to_string(),
            interfaces: self.watched.iter_mut().map(|it| it.state(registry)).collect(),
            sources,
            outbound: self.outbound.as_mut().map(|it| it.state(registry)),
            alerts: Some(alerts),
        }
    }

    /// Since when.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Lets go of the interfaces: the programs leave, but for those that are to stay.
    pub fn end(&mut self) {
        self.keeper = None;
        self.hearing = None;
        self.watched.iter_mut().for_each(Watched::detach);
        self.note_taken();
        self.report_too_deep(true);
        self.tell_events();
        if let Some(lookout) = &self.lookout {
            lookout.finish(PATIENCE).into_iter().for_each(|notice| self.story.notice(notice));
        }
        if let Some(outbound) = &mut self.outbound {
            outbound.end(PATIENCE).into_iter().for_each(|started| self.story.started(started));
        }
        self.story.end(SystemTime::now());
        self.tell_untold();
        self.story.close(PATIENCE);
    }
}
