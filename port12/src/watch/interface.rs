//! One watched interface.

mod restore;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use port12_common::{Layer, Transport, abi::bypass};

use super::{
    full_table::FullTable,
    known_bans::KnownBans,
    links,
    orders::{Occasion, Orders},
    presence::Presence,
    start::{Found, Setup, furnish, obey, put, take_over, warn_of_reset},
    taken::Taken,
    too_deep::TooDeepCounts,
};
use crate::{
    event::Event,
    failure::Failure,
    host::{
        HostError,
        interfaces::{self, Link as HostLink, XdpMode},
    },
    kernel::not_dropped::NotDropped,
    kernel::{
        attach::Attached,
        bans::Occupancy,
        clock::{Moment, Timeline},
        events::{EventRing, Reading},
        instance::{Instance, LoadOptions, entry_point},
        pin::PinDirectory,
        slot::Slot,
        state::Standing,
    },
    ledger::Ledger,
    policy::Mode,
    report::Link,
    snapshot::Snapshot,
    too_deep::TooDeepAlert,
    truth::{Truth, TruthError},
};

/// An interface with a program on it.
pub struct Watched {
    /// What the reports say it is.
    pub link: Link,
    /// Its index.
    pub index: u32,
    instance: Arc<Instance>,
    attached: Option<Attached>,
    slot: Option<Slot>,
    /// Whether its link is pinned.
    stays: bool,
    /// The id of its program.
    program: Option<u32>,
    presence: Presence,
    /// When it was last tried to attach it again.
    retried: Option<Instant>,
    /// Whether it was attached before this process came.
    pub adopted: bool,
    reverted: Arc<OnceLock<String>>,
    /// Why a socket look-up that finds nothing proves nothing there.
    unproven: Arc<Mutex<Option<String>>>,
    last: Snapshot,
    moment: Moment,
    /// The times of day of its jiffies.
    timeline: Timeline,
    layer: Layer,
    ring: EventRing,
    /// What is known of its bans.
    known: KnownBans,
    full_table: FullTable,
    taken: Taken,
    too_deep: TooDeepCounts,
}

impl Watched {
    /// Loads a program and attaches it, or puts it in the place of one that was attached to stay,
    /// with all its state. The host's truth is in its maps before the first frame.
    ///
    /// # Errors
    ///
    /// [`Failure`], with the exit code; nothing is attached then, or what was stays as it was.
    pub fn start(host: &HostLink, setup: &Setup<'_>) -> Result<Self, Failure> {
        let layer: Layer = interfaces::readable(host, &interfaces::all()?)?;
        let entry = entry_point()?;
        let trace = setup.trace;
        let slot = setup.pins.map(|pins| pins.slot(&host.name));
        let found = Found::of(slot.as_ref(), host, setup.stay)?;
        let mut instance = Instance::load(&LoadOptions {
            layer,
            trace,
            shuts_out: setup.orders.shuts_out(),
            maps: slot.as_ref().filter(|_| found != Found::Nothing),
            ..LoadOptions::live(entry)
        })?;
        if trace {
            super::trace::follow(&mut instance)?;
        }
        let moment = instance.now().map_err(TruthError::from)?;
        if found == Found::Nothing {
            furnish(&instance, setup, &moment)?;
        }
        let unproven = interfaces::unproven(host)?.map(|why| why.to_string());
        instance.state().set_lookup_proves(unproven.is_none());
        links::publish(instance.state(), host.index)?;
        Truth::default().publish(&[&instance])?;
        warn_of_reset(host, setup.wanted);
        let attached = match (&slot, found) {
            (Some(slot), Found::Attached) => take_over(&mut instance, host, setup, slot, &moment)?,
            (slot, _) => {
                if found == Found::Orphan {
                    obey(&instance, slot.as_ref(), setup.orders, &moment, Occasion::Start)?;
                }
                let put = put(&mut instance, host, setup, slot.as_ref(), found);
                if let (Err(_), Some(slot), Found::Nothing) = (&put, slot, found) {
                    // Nothing of it is attached; what is left goes with the next lock at the latest.
                    let _ = slot.remove();
                }
                put?
            }
        };
        instance.state().set_shuts_out(setup.orders.shuts_out());
        instance.state().set_bypass(bypass::LEFT | bypass::FORWARDS, false);
        if let Some(why) = &attached.fallback {
            log::info!("{}: no native XDP: {why}; generic mode is slower", host.name);
        }
        let program = instance.program_name().to_owned();
        log::info!("{}: {} XDP, program {program}", host.name, attached.mode);
        Ok(Self {
            link: Link {
                interface: host.name.clone(),
                xdp_mode: attached.mode.to_string(),
                counted_at: counted_at(attached.mode),
                forwarding: None,
                not_dropped: None,
                mode: setup.orders.mode.as_str(),
                program,
                speed_bits_per_second: interfaces::speed(host),
                gone: false,
            },
            index: host.index,
            last: Snapshot::read(instance.counters()),
            ring: instance.events()?,
            known: KnownBans::of(&instance.bans(slot.as_ref())?.list()?),
            full_table: FullTable::default(),
            taken: Taken::of(instance.counters()),
            too_deep: TooDeepCounts::of(instance.counters()),
            layer,
            instance: Arc::new(instance),
            program: attached.program_id(),
            presence: Presence::default(),
            retried: None,
            stays: setup.stay && slot.is_some(),
            attached: Some(attached),
            slot,
            adopted: found != Found::Nothing,
            reverted: Arc::default(),
            unproven: Arc::new(Mutex::new(unproven)),
            moment,
            timeline: moment.into(),
        })
    }

    /// Puts other orders in force, without a frame that sees neither the old nor the new ones.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the allowlist cannot be written.
    pub fn obey(&mut self, orders: &Orders, occasion: Occasion) -> Result<(), Failure> {
        let moment = self.instance.now().map_err(TruthError::from)?;
        obey(&self.instance, self.slot.as_ref(), orders, &moment, occasion)?;
        self.instance.state().set_bypass(bypass::LEFT | bypass::FORWARDS, false);
        self.link.mode = orders.mode.as_str();
        self.reverted = Arc::default();
        Ok(())
    }

    /// Asks the kernel for its clock; where it does not say, it is what it was.
    pub fn moment(&mut self) -> Moment {
        if let Ok(moment) = self.instance.now() {
            self.timeline.observe(moment);
            self.moment = moment;
        }
        self.moment
    }

    /// How drop mode stood when the clock was read last.
    pub fn standing(&self) -> Standing {
        self.instance.state().standing(&self.moment)
    }

    /// Where it is pinned.
    pub(super) fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    /// The loaded program.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Notes whether the interface has vanished or has another name, and whether somebody else has
    /// detached the program; takes what is pinned along to another name. Returns the news.
    pub fn glance(&mut self, pins: Option<&PinDirectory>) -> Vec<String> {
        if self.link.gone {
            return Vec::new();
        }
        match interfaces::by_index(self.index) {
            Err(HostError::NoInterface(_)) => {
                self.link.gone = true;
                self.attached = None;
                vec![format!("{}: the interface has vanished", self.link.interface)]
            }
            Ok(link) => {
                let news = self.note_name(&link, pins).into_iter();
                news.chain(self.note_presence(&link)).collect()
            }
            // Any other error says nothing about the interface.
            Err(_) => Vec::new(),
        }
    }

    fn note_name(&mut self, link: &HostLink, pins: Option<&PinDirectory>) -> Option<String> {
        let old = &self.link.interface;
        if link.name == *old {
            return None;
        }
        let said = format!("{old} has the name {}", link.name);
        if let (Some(slot), Some(pins)) = (&self.slot, pins) {
            let moved = slot.move_to(pins.slot(&link.name));
            self.slot = moved.inspect_err(|error| log::warn!("{error}")).ok();
        }
        self.link.interface.clone_from(&link.name);
        Some(said)
    }

    /// Where to say why drop mode was given up on this interface.
    pub(super) fn reverted(&self) -> &Arc<OnceLock<String>> {
        &self.reverted
    }

    /// Where to say why a socket look-up that finds nothing proves nothing there.
    pub(super) fn unproven(&self) -> &Arc<Mutex<Option<String>>> {
        &self.unproven
    }

    /// The transports that drop mode does not drop there, while it is in force.
    pub fn not_dropped(&self) -> Option<NotDropped> {
        if !self.standing().drops() || self.presence != Presence::Attached {
            return None;
        }
        let unproven = self.unproven.lock().unwrap_or_else(PoisonError::into_inner).clone();
        unproven.map(|why| NotDropped::new(why, true))
    }

    /// What the reports say it is, with the mode in force.
    pub fn describe(&mut self) -> Link {
        self.moment();
        let mut link = self.link.clone();
        if let Some(why) = self.reverted.get() {
            self.link.forwarding = Some(why.clone());
            link.forwarding = Some(why.clone());
        }
        if !self.standing().drops() || self.presence != Presence::Attached {
            link.mode = Mode::Monitor.as_str();
        }
        link.not_dropped = self.not_dropped();
        link
    }

    /// Reads the counters: the last ones, the present ones, and the times of day.
    pub fn advance(&mut self) -> (Snapshot, &Snapshot, Timeline) {
        self.moment();
        let before = std::mem::replace(&mut self.last, Snapshot::read(self.instance.counters()));
        (before, &self.last, self.timeline.clone())
    }

    /// Conversation starts that a socket has taken since this was asked last, by port.
    pub fn taken(&mut self) -> Vec<(Transport, u16, u64)> {
        self.taken.news(self.instance.counters())
    }

    /// Alerts on packets with too many headers; `is_last` ends the rate limit.
    pub fn too_deep(&mut self, is_last: bool) -> Vec<TooDeepAlert> {
        let interface = Arc::from(&*self.link.interface);
        self.too_deep.news(self.instance.counters(), &interface, is_last)
    }

    /// Takes note of who has knocked.
    pub fn note_sources(&mut self, ledger: &mut Ledger) {
        let moment = self.moment();
        ledger.update(&self.instance.sources().read(), moment.jiffies);
    }

    /// Forgets the bans that are over, and keeps room for more. Returns those that the program has made since it was
    /// asked last.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the bans cannot be read or written.
    pub fn sweep_bans(&mut self) -> Result<Vec<(IpAddr, Duration)>, Failure> {
        if !self.instance.state().looks_for_bans() {
            return Ok(Vec::new());
        }
        let moment = self.moment();
        let mut bans = self.instance.bans(self.slot.as_ref())?;
        let listed = bans.list()?;
        let made = self.known.news(&listed);
        for (source, ban) in bans.expire(&listed, moment.jiffies)? {
            let name = &self.link.interface;
            log::info!("{name}: the ban of {source} is over: {} packets", ban.packets);
        }
        let evicted = bans.evict(&listed, moment.jiffies)?;
        let occupancy = Occupancy::of(&listed, moment.jiffies);
        if let Some(warning) = self.full_table.warning(&occupancy, evicted, Instant::now()) {
            log::warn!("{}: {warning}", self.link.interface);
        }
        let seconds = |jiffies: u64| Duration::from_secs(jiffies.div_ceil(moment.hz.max(1)));
        Ok(made.into_iter().map(|(source, ban)| (source, seconds(ban.until - ban.since))).collect())
    }

    /// Hands on what has happened since it was asked last.
    pub fn events(&mut self, mut take: impl FnMut(Event)) {
        let reading = Reading::new(&self.link.interface, self.layer);
        while let Some(event) = self.ring.next(&reading) {
            take(event);
        }
    }

    /// Takes the program off the interface, unless it is to stay.
    pub fn detach(&mut self) {
        self.attached = None;
    }
}

/// Whose packets and bytes a program counts.
pub fn counted_at(mode: XdpMode) -> &'static str {
    match mode {
        XdpMode::Native | XdpMode::Hardware => "driver",
        XdpMode::Generic => "stack",
    }
}
