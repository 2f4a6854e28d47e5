//! One watched interface.

use std::{
    os::unix::fs::MetadataExt as _,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use port12_common::{Layer, abi::bypass};

use super::{
    inherited::Inherited,
    orders::{Occasion, Orders},
};
use crate::{
    failure::{Code, Failure},
    fault::fault,
    host::{
        HostError,
        interfaces::{self, Link as HostLink, XdpMode},
    },
    kernel::{
        attach::{Attached, Wanted, attach, replace},
        clock::Moment,
        instance::{Instance, LoadOptions, entry_point},
        pin::PinDirectory,
        pinned::Pinned,
        slot::Slot,
        state::{Standing, let_frames_pass},
    },
    policy::Mode,
    report::Link,
    snapshot::Snapshot,
    truth::Truth,
};

/// How to watch an interface.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// What to enforce, but for what depends on the interface.
    pub orders: &'a Orders,
    /// Where the program is to run.
    pub wanted: Wanted,
    /// Whether to load the object with logging compiled in.
    pub trace: bool,
    /// Where maps and programs are pinned.
    pub pins: Option<&'a PinDirectory>,
    /// Whether the program is to stay when this process ends.
    pub stay: bool,
}

/// An interface with a program on it.
pub struct Watched {
    /// What the reports say it is.
    pub link: Link,
    /// Its index.
    pub index: u32,
    instance: Arc<Instance>,
    attached: Option<Attached>,
    slot: Option<Slot>,
    /// Whether it was attached before this process came.
    pub adopted: bool,
    reverted: Arc<OnceLock<String>>,
    last: Snapshot,
    moment: Moment,
}

impl Watched {
    /// Loads a program and attaches it, or puts it in the place of one that was attached to stay,
    /// with all its state. The host's truth is in its maps before the first frame.
    ///
    /// # Errors
    ///
    /// [`Failure`], with the exit code; nothing is attached then, or what was stays as it was.
    pub fn start(host: &HostLink, setup: &Setup<'_>) -> Result<Self, Failure> {
        let layer: Layer = interfaces::layer(host)?;
        let entry = entry_point()?;
        let trace = setup.trace;
        let slot = setup.pins.map(|pins| pins.slot(&host.name));
        let found = Found::of(slot.as_ref(), host, setup.stay)?;
        let mut instance = Instance::load(&LoadOptions {
            layer,
            trace,
            maps: slot.as_ref().filter(|_| found != Found::Nothing),
            ..LoadOptions::live(entry)
        })?;
        if trace {
            super::trace::follow(&mut instance)?;
        }
        let moment = instance.now().map_err(crate::truth::TruthError::from)?;
        if found == Found::Nothing {
            furnish(&instance, setup, &moment)?;
        }
        instance.state().set_lookup_proves(lookup_proves(host)?);
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
        instance.state().set_bypass(bypass::LEFT | bypass::FORWARDS, false);
        if let Some(why) = &attached.fallback {
            log::info!("{}: no native XDP: {why}; generic mode is slower", host.name);
        }
        let program = entry.name().to_owned();
        log::info!("{}: {} XDP, program {program}", host.name, attached.mode);
        Ok(Self {
            link: Link {
                interface: host.name.clone(),
                xdp_mode: attached.mode.to_string(),
                counted_at: counted_at(attached.mode),
                forwarding: None,
                mode: setup.orders.mode.as_str(),
                program,
                speed_bits_per_second: interfaces::speed(host),
                gone: false,
            },
            index: host.index,
            last: Snapshot::read(instance.counters()),
            instance: Arc::new(instance),
            attached: Some(attached),
            slot,
            adopted: found != Found::Nothing,
            reverted: Arc::default(),
            moment,
        })
    }

    /// Puts other orders in force, without a frame that sees neither the old nor the new ones.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the allowlist cannot be written.
    pub fn obey(&mut self, orders: &Orders, occasion: Occasion) -> Result<(), Failure> {
        let moment = self.instance.now().map_err(crate::truth::TruthError::from)?;
        obey(&self.instance, self.slot.as_ref(), orders, &moment, occasion)?;
        self.instance.state().set_bypass(bypass::LEFT | bypass::FORWARDS, false);
        self.link.mode = orders.mode.as_str();
        self.reverted = Arc::default();
        Ok(())
    }

    /// Asks the kernel for its clock; where it does not say, it is what it was.
    pub fn moment(&mut self) -> Moment {
        if let Ok(moment) = self.instance.now() {
            self.moment = moment.anchored(&self.moment);
        }
        self.moment
    }

    /// How drop mode stood when the clock was read last.
    pub fn standing(&self) -> Standing {
        self.instance.state().standing(&self.moment)
    }

    /// The loaded program.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Notes whether the interface has vanished or has another name, and takes what is pinned along
    /// to that name. Says what is news.
    pub fn glance(&mut self, pins: Option<&PinDirectory>) -> Option<String> {
        let old = &self.link.interface;
        if self.link.gone {
            return None;
        }
        match interfaces::by_index(self.index) {
            Err(HostError::NoInterface(_)) => {
                self.link.gone = true;
                self.attached = None;
                Some(format!("{old}: the interface has vanished"))
            }
            Ok(link) if link.name != *old => {
                let said = format!("{old} has the name {}", link.name);
                if let (Some(slot), Some(pins)) = (&self.slot, pins) {
                    let moved = slot.move_to(pins.slot(&link.name));
                    self.slot = moved.inspect_err(|error| log::warn!("{error}")).ok();
                }
                self.link.interface = link.name;
                Some(said)
            }
            // Any other error says nothing about the interface.
            Ok(_) | Err(_) => None,
        }
    }

    /// Where to say why drop mode was given up on this interface.
    pub(super) fn reverted(&self) -> &Arc<OnceLock<String>> {
        &self.reverted
    }

    /// What the reports say it is, with the mode in force.
    pub fn describe(&mut self) -> Link {
        self.moment();
        let mut link = self.link.clone();
        if let Some(why) = self.reverted.get() {
            self.link.forwarding = Some(why.clone());
            link.forwarding = Some(why.clone());
        }
        if !self.standing().drops() {
            link.mode = Mode::Monitor.as_str();
        }
        link
    }

    /// Reads the counters: the last ones, the present ones, and the clock.
    pub fn advance(&mut self) -> (Snapshot, &Snapshot, Moment) {
        self.moment();
        let before = std::mem::replace(&mut self.last, Snapshot::read(self.instance.counters()));
        (before, &self.last, self.moment)
    }

    /// Takes the program off the interface, unless it is to stay.
    pub fn detach(&mut self) {
        self.attached = None;
    }
}

/// What is in the slot of an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    /// Nothing that is attached.
    Nothing,
    /// A program that is on this very interface.
    Attached,
    /// The state of an interface of that name that has gone.
    Orphan,
}

impl Found {
    /// Looks, and refuses what is not to be touched.
    fn of(slot: Option<&Slot>, host: &HostLink, stay: bool) -> Result<Self, Failure> {
        let Some(slot) = slot.filter(|slot| slot.has_link()) else {
            return Ok(Self::Nothing);
        };
        let name = slot.interface();
        let foreign = |text: String| Err(Failure::new(Code::Foreign, text));
        if !stay {
            return foreign(format!(
                "{name} was attached by port12 to stay: `port12 run --pin` takes it over, `port12 \
                 detach` takes it off"
            ));
        }
        let state = Pinned::state_of(slot)?;
        if !slot.is_whole() {
            let why = "its pinned maps are not complete: `port12 detach` takes it off";
            return Err(Failure::new(Code::Runtime, format!("{name}: {why}")));
        }
        let program = slot.link()?.info().map_err(|error| {
            Failure::new(Code::Runtime, format!("{name}: its link cannot be read: {error}"))
        })?;
        let is_on = |link: &HostLink| link.xdp.iter().any(|it| it.program == program.program_id());
        if is_on(host) {
            return Ok(Self::Attached);
        }
        if let Some(other) = interfaces::all()?.iter().find(|link| is_on(link)) {
            return foreign(format!(
                "what was attached to {name} is on {}, by another name: `port12 detach -i {name}` \
                 takes it off there",
                other.name
            ));
        }
        if state.header().namespace != namespace()? {
            return foreign(format!(
                "{name} is attached in another network namespace: name another directory with \
                 --pin-dir, or `port12 detach -i {name}` takes it off there"
            ));
        }
        Ok(Self::Orphan)
    }
}

/// The inode of the calling thread's network namespace.
fn namespace() -> Result<u64, Failure> {
    Ok(std::fs::metadata("/proc/thread-self/ns/net")?.ino())
}

/// Fills the state of a program that is not attached yet.
fn furnish(instance: &Instance, setup: &Setup<'_>, moment: &Moment) -> Result<(), Failure> {
    let mut policy = setup.orders.policy.clone();
    policy.gate = setup.orders.gate(moment);
    instance.state().set_policy(&policy);
    instance.state().set_header(seconds(moment.wall), namespace()?);
    instance.allowlist(None)?.set_policy(&setup.orders.allow)?;
    Ok(())
}

/// What an operator has said to the others holds for this one. It is asked when the operator can
/// reach this one, too: nothing is missed in between.
fn inherit(instance: &Instance, pins: &PinDirectory) -> Result<(), Failure> {
    let inherited = Inherited::of(pins);
    if inherited.bypass {
        instance.state().set_bypass(bypass::OPERATOR, true);
    }
    instance.allowlist(None)?.add(&inherited.allow)?;
    Ok(())
}

fn seconds(wall: SystemTime) -> u64 {
    wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn obey(
    instance: &Instance,
    slot: Option<&Slot>,
    orders: &Orders,
    moment: &Moment,
    occasion: Occasion,
) -> Result<(), Failure> {
    let mut list = instance.allowlist(slot)?;
    list.extend_policy(&orders.allow)?;
    fault("reload.allow");
    orders.enforce(instance.state(), moment, occasion);
    if !list.stale(&orders.allow)?.is_empty() {
        // A frame that has read an old rule is to find the old list.
        let_frames_pass();
        list.retain_policy(&orders.allow)?;
    }
    Ok(())
}

/// Puts an instance in the place of the program on its interface. The policy comes last: what fails
/// before has changed nothing.
fn take_over(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    slot: &Slot,
    moment: &Moment,
) -> Result<Attached, Failure> {
    let Some(attached) = replace(instance, host, slot)? else {
        let text = format!("{}: its program has gone just now; try again", host.name);
        return Err(Failure::new(Code::Attach, text));
    };
    let other = match setup.wanted {
        Wanted::Auto => None,
        Wanted::Native => (attached.mode != XdpMode::Native).then_some("native"),
        Wanted::Generic => (attached.mode != XdpMode::Generic).then_some("generic"),
    };
    if let Some(wanted) = other {
        log::warn!(
            "{}: it stays in {} mode; `port12 detach` and a new start make it {wanted}",
            host.name,
            attached.mode
        );
    }
    slot.pin_programs(instance)?;
    obey(instance, Some(slot), setup.orders, moment, Occasion::Start)?;
    Ok(attached)
}

/// Puts an instance on its interface, and pins what is to be pinned.
fn put(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    slot: Option<&Slot>,
    found: Found,
) -> Result<Attached, Failure> {
    match (slot, found) {
        (Some(slot), Found::Nothing) => slot.pin(instance)?,
        // The interface went, and one of its name came: the state goes on.
        (Some(slot), Found::Attached | Found::Orphan) => slot.pin_programs(instance)?,
        (None, _) => {}
    }
    if let Some(pins) = setup.pins {
        inherit(instance, pins)?;
    }
    let attached = attach(instance, host, setup.wanted)?;
    fault("attach.link");
    match slot {
        Some(slot) if setup.stay => {
            let attached = attached.stay(slot)?;
            fault("attach.pinned");
            Ok(attached)
        }
        Some(_) | None => Ok(attached),
    }
}

/// Whose packets and bytes a program counts.
pub fn counted_at(mode: XdpMode) -> &'static str {
    match mode {
        XdpMode::Native | XdpMode::Hardware => "driver",
        XdpMode::Generic => "stack",
    }
}

/// Whether a look-up that finds nothing proves that there is no socket: no device stands above the
/// interface, and the program does not run on the members of the interface in its place.
pub(super) fn lookup_proves(host: &HostLink) -> Result<bool, HostError> {
    let has_members = matches!(host.kind.as_deref(), Some("bond" | "team"));
    Ok(!has_members && !interfaces::has_uppers(host)?)
}

/// Drivers that rebuild their rings for XDP, and take the link down for a moment.
const RESETTING: &[&str] = &[
    "atlantic",
    "bnxt_en",
    "ena",
    "i40e",
    "ice",
    "igb",
    "igc",
    "ixgbe",
    "mlx5_core",
    "qede",
    "stmmac",
];

fn warn_of_reset(host: &HostLink, wanted: Wanted) {
    let Some(driver) = interfaces::driver(host) else {
        return;
    };
    if wanted != Wanted::Generic && RESETTING.contains(&driver.as_str()) {
        log::warn!(
            "{}: the driver {driver} may reset the link when a native program is attached or \
             detached; `--xdp-mode generic` avoids it",
            host.name
        );
    }
}
