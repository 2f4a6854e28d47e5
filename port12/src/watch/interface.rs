//! One watched interface.

mod bans;
mod counts;
mod restore;
mod tables;

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use port12_common::{Layer, abi::bypass};

use self::tables::TableSizes;
use super::{
    WatchError,
    forwarding::Forwarding,
    full_table::FullTable,
    known_bans::KnownBans,
    links,
    orders::{Occasion, Orders},
    presence::Presence,
    restored,
    start::{Found, Setup, furnish, obey, put, succeed, take_over, warn_of_reset},
    taken::Taken,
    too_deep::TooDeepCounts,
};
use crate::{
    host::interfaces::{self, Link as HostLink, Stack, vlan_stripping},
    kernel::{
        attach::Attached,
        bans::Occupancy,
        clock::{Moment, Timeline},
        events::{self, EventRing},
        instance::{Instance, LoadOptions, entry_point},
        older::Older,
        pin::PinDirectory,
        slot::Slot,
        state::Standing,
    },
    model::{
        InterfaceState, ModeState, NotDropped, Place, ProgramState, VlanTags, XdpMode,
        event::{InterfaceChange, InterfaceEvent},
    },
    query::{self, Attachment, ProgramReading},
    registry::Registry,
    snapshot::Snapshot,
    truth::{Truth, TruthError},
};

/// An interface with a program on it.
pub struct Watched {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// Hook of the program.
    pub xdp_mode: XdpMode,
    /// Speed of the link in bit/s, when the interface was looked at last.
    speed: Option<u64>,
    /// Visibility of VLAN tags, when the interface was looked at last.
    vlan_tags: VlanTags,
    /// Whether the interface has vanished.
    pub gone: bool,
    /// Whether the host forwards, and the evidence, as the host answered last.
    forwarding: Forwarding,
    instance: Arc<Instance>,
    attached: Option<Attached>,
    slot: Option<Slot>,
    /// Whether its link is pinned.
    stays: bool,
    /// The id of its program.
    program: Option<u32>,
    /// Hash of the instructions of its program.
    tag: Option<u64>,
    sizes: TableSizes,
    presence: Presence,
    /// When it was last tried to attach it again.
    retried: Option<Instant>,
    /// Whether it was attached before this process came.
    pub adopted: bool,
    reverted: Arc<OnceLock<String>>,
    /// Why a socket look-up that finds nothing proves nothing there.
    unproven: Arc<Mutex<Option<String>>>,
    moment: Moment,
    /// The times of day of its jiffies.
    timeline: Timeline,
    layer: Layer,
    ring: EventRing,
    /// Known bans.
    known: KnownBans,
    full_table: FullTable,
    taken: Taken,
    too_deep: TooDeepCounts,
    /// Number of bans that were read back.
    restored_bans: usize,
    /// Whether drop mode began without a deadline, for these rules were confirmed before.
    starts_confirmed: bool,
    /// Events that were lost before this process came.
    lost_before: u64,
}

impl Watched {
    /// Loads a program and attaches it, or puts it in the place of one that was attached to stay,
    /// with all its state. The host's truth is in its maps before the first frame.
    ///
    /// # Errors
    ///
    /// [`WatchError`]; nothing is attached then, or what was stays as it was.
    pub fn start(host: &HostLink, setup: &Setup<'_>) -> Result<Self, WatchError> {
        let links = interfaces::all()?;
        let layer: Layer = interfaces::readable(host, &links)?;
        let entry = entry_point()?;
        let trace = setup.trace;
        let slot = setup.pins.map(|pins| pins.slot(&host.name));
        let found = Found::of(slot.as_ref(), host, setup.stay)?;
        let older = match &slot {
            Some(slot) if found == Found::Older => Older::open(slot)?,
            Some(_) | None => None,
        };
        let mut instance = Instance::load(&LoadOptions {
            layer,
            trace,
            shuts_out: setup.orders.shuts_out(),
            maps: slot.as_ref().filter(|_| matches!(found, Found::Attached | Found::Orphan)),
            ..LoadOptions::live(entry)
        })?;
        if trace {
            super::trace::follow(&mut instance)?;
        }
        let moment = instance.now().map_err(TruthError::from)?;
        let mut restored_bans = 0;
        match (&older, found) {
            (Some(older), _) => older.copy_to(&instance)?,
            (None, Found::Nothing) => {
                furnish(&instance, setup, &moment)?;
                restored_bans = restored::restore(&instance, setup, &host.name, &moment)?;
            }
            (None, Found::Attached | Found::Orphan | Found::Older) => {}
        }
        let stack = Stack::read()?;
        let unproven = stack.unproven(host).map(|why| why.to_string());
        instance.state().set_lookup_proves(unproven.is_none());
        links::publish(instance.state(), Ok(&stack), host.index);
        Truth::default().publish(&[&instance])?;
        warn_of_reset(host, setup.wanted);
        let attached = match (&slot, &older, found) {
            (Some(slot), Some(older), _) => {
                succeed(&mut instance, host, setup, (slot, older), &moment)?
            }
            (Some(slot), None, Found::Attached) => {
                take_over(&mut instance, host, setup, slot, &moment)?
            }
            (slot, ..) => {
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
        log::info!("{}: {} XDP, program {}", host.name, attached.mode, instance.program_name());
        Ok(Self {
            name: host.name.clone(),
            index: host.index,
            xdp_mode: attached.mode,
            speed: interfaces::speed(host),
            vlan_tags: vlan_stripping(host, attached.mode, &links).into(),
            gone: false,
            forwarding: Forwarding::default(),
            ring: instance.events()?,
            known: KnownBans::of(instance.bans(slot.as_ref())?.list()?),
            restored_bans,
            starts_confirmed: setup.orders.confirmed && found == Found::Nothing,
            full_table: FullTable::default(),
            taken: Taken::of(instance.counters()),
            too_deep: TooDeepCounts::of(instance.counters()),
            lost_before: events::stats(instance.counters()).lost,
            layer,
            tag: instance.program_tag(),
            sizes: TableSizes::default(),
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
    /// [`WatchError`]: the allowlist cannot be written.
    pub fn obey(&mut self, orders: &Orders, occasion: Occasion) -> Result<(), WatchError> {
        let moment = self.instance.now().map_err(TruthError::from)?;
        obey(&self.instance, self.slot.as_ref(), orders, &moment, occasion)?;
        self.instance.state().set_bypass(bypass::LEFT | bypass::FORWARDS, false);
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

    /// Mode at this moment.
    pub fn mode(&mut self) -> ModeState {
        let now = self.moment();
        query::mode_state(self.instance.state(), self.place(), &now)
    }

    fn place(&self) -> Place {
        match (self.gone, self.presence) {
            (true, _) => Place::Gone,
            (false, Presence::Attached) => Place::Attached,
            (false, Presence::Detached { .. }) => Place::Detached,
        }
    }

    /// Times of day of the kernel's clock.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
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
    pub fn glance(
        &mut self,
        links: &[HostLink],
        pins: Option<&PinDirectory>,
    ) -> Vec<InterfaceEvent> {
        if self.gone {
            return Vec::new();
        }
        match links.iter().find(|link| link.index == self.index) {
            None => {
                self.gone = true;
                self.attached = None;
                vec![InterfaceEvent::now(&self.name, InterfaceChange::Gone)]
            }
            Some(link) => {
                self.speed = interfaces::speed(link);
                self.vlan_tags = vlan_stripping(link, self.xdp_mode, links).into();
                let news = self.note_name(link, pins).into_iter();
                news.chain(self.note_presence(link)).collect()
            }
        }
    }

    fn note_name(
        &mut self,
        link: &HostLink,
        pins: Option<&PinDirectory>,
    ) -> Option<InterfaceEvent> {
        let old = &self.name;
        if link.name == *old {
            return None;
        }
        let renamed = InterfaceChange::Renamed { name: link.name.clone() };
        let renamed = InterfaceEvent::now(old, renamed);
        if let (Some(slot), Some(pins)) = (&self.slot, pins) {
            let moved = slot.move_to(pins.slot(&link.name));
            self.slot = moved.inspect_err(|error| log::warn!("{error}")).ok();
        }
        self.name.clone_from(&link.name);
        Some(renamed)
    }

    /// Last answer of the host about forwarding.
    pub fn forwarding(&self) -> &Forwarding {
        &self.forwarding
    }

    /// Evidence for which drop mode was given up on this interface, if it was.
    pub fn given_up(&self) -> Option<&str> {
        self.reverted.get().map(String::as_str)
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

    /// State of the interface at this moment.
    pub fn state(&mut self, registry: &Registry) -> InterfaceState {
        let now = self.moment();
        let place = self.place();
        self.sizes.refresh(&self.instance, self.slot.as_ref(), &now);
        let reading = ProgramReading {
            state: self.instance.state(),
            counters: &Snapshot::read(self.instance.counters()),
            now,
            timeline: &self.timeline,
            program: ProgramState {
                name: self.instance.program_name().to_owned(),
                id: self.program,
                tag: self.tag.map(|tag| format!("{tag:016x}")),
            },
            persistent: self.stays,
            bans_after: self.instance.bans_after(),
            active_bans: self.sizes.banned,
            allowed: self.sizes.allowed,
        };
        let at = Attachment {
            interface: self.name.clone(),
            pinned_as: self
                .slot
                .as_ref()
                .map(|slot| slot.interface().to_owned())
                .filter(|name| *name != self.name),
            place,
            xdp_mode: (place == Place::Attached).then_some(self.xdp_mode),
            speed: self.speed.filter(|_| place == Place::Attached),
            other_program_id: match self.presence {
                Presence::Attached => None,
                Presence::Detached { other } => other,
            },
            forwarding: self.forwarding.get(),
            not_dropped: self.not_dropped(),
            vlan_tags: (place == Place::Attached).then(|| self.vlan_tags.clone()),
            host_changes: Some(Vec::new()),
        };
        query::interface_state(reading, at, registry)
    }

    /// Takes the program off the interface, unless it is to stay.
    pub fn detach(&mut self) {
        self.attached = None;
    }
}
