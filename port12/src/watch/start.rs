//! How a program comes onto an interface: over nothing, or over what was attached to stay.

use std::{os::unix::fs::MetadataExt as _, time::SystemTime};

use port12_common::abi::{OLDER_VERSION, bypass};

use super::{
    WatchError,
    inherited::Inherited,
    orders::{Occasion, Orders},
};
use crate::{
    fault::fault,
    host::interfaces::{self, Link as HostLink, XdpMode},
    kernel::{
        attach::{Attached, Wanted, attach, replace},
        clock::Moment,
        instance::Instance,
        older::Older,
        pin::PinDirectory,
        pinned::Pinned,
        slot::Slot,
        state::let_frames_pass,
    },
    state_dir::KeptState,
    truth::TruthError,
};

/// How to watch an interface.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Orders that do not depend on the interface.
    pub orders: &'a Orders,
    /// Where the program is to run.
    pub wanted: Wanted,
    /// Whether to load the object with logging compiled in.
    pub trace: bool,
    /// Where maps and programs are pinned.
    pub pins: Option<&'a PinDirectory>,
    /// Whether the program is to stay when this process ends.
    pub stay: bool,
    /// State that outlived another process.
    pub kept: Option<&'a KeptState>,
}

/// Content of the slot of an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// Nothing that is attached.
    Nothing,
    /// A program that is on this very interface.
    Attached,
    /// Either of the two others, with maps of the layout before this one.
    Older,
    /// The state of an interface of that name that has gone.
    Orphan,
}

impl Found {
    /// Looks, and refuses what is not to be touched.
    pub(super) fn of(slot: Option<&Slot>, host: &HostLink, stay: bool) -> Result<Self, WatchError> {
        let Some(slot) = slot.filter(|slot| slot.has_link()) else {
            return Ok(Self::Nothing);
        };
        let name = slot.interface();
        let interface = || name.to_owned();
        if !stay {
            return Err(WatchError::Persistent { interface: interface() });
        }
        let older = Older::open(slot).ok().flatten();
        let header = match &older {
            Some(older) => older.header(),
            None => Pinned::state_of(slot)?.header(),
        };
        if !slot.is_whole() {
            return Err(WatchError::Incomplete { interface: interface() });
        }
        let program = slot.link()?.info();
        let program =
            program.map_err(|error| WatchError::Link { interface: interface(), source: error })?;
        let is_on = |link: &HostLink| link.xdp.iter().any(|it| it.program == program.program_id());
        if is_on(host) {
            return Ok(older.map_or(Self::Attached, |_| Self::Older));
        }
        if let Some(other) = interfaces::all()?.into_iter().find(is_on) {
            return Err(WatchError::Renamed { interface: interface(), other: other.name });
        }
        if header.namespace != namespace()? {
            return Err(WatchError::Elsewhere { interface: interface() });
        }
        Ok(older.map_or(Self::Orphan, |_| Self::Older))
    }
}

/// The inode of the calling thread's network namespace.
fn namespace() -> Result<u64, WatchError> {
    let namespace = std::fs::metadata("/proc/thread-self/ns/net").map_err(WatchError::System)?;
    Ok(namespace.ino())
}

/// Fills the state of a program that is not attached yet.
pub(super) fn furnish(
    instance: &Instance,
    setup: &Setup<'_>,
    moment: &Moment,
) -> Result<(), WatchError> {
    let mut policy = setup.orders.policy.clone();
    policy.gate = setup.orders.gate(moment);
    instance.set_policy(&policy);
    instance.state().set_header(seconds(moment.wall), namespace()?);
    instance.allowlist(None)?.set_policy(&setup.orders.allow)?;
    instance.set_terms(setup.orders.ban.as_ref());
    instance.state().set_expected(&setup.orders.expected);
    Ok(())
}

/// What an operator has said to the others holds for this one. It is asked when the operator can
/// reach this one, too: nothing is missed in between.
fn inherit(instance: &Instance, pins: &PinDirectory) -> Result<(), WatchError> {
    let inherited = Inherited::of(pins);
    if inherited.bypass {
        instance.state().set_bypass(bypass::OPERATOR, true);
    }
    instance.allowlist(None)?.add(&inherited.allow)?;
    let now = instance.now().map_err(TruthError::from)?.jiffies;
    instance.bans(None)?.inherit(&inherited.bans, now)?;
    Ok(())
}

fn seconds(wall: SystemTime) -> u64 {
    wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

pub(super) fn obey(
    instance: &Instance,
    slot: Option<&Slot>,
    orders: &Orders,
    moment: &Moment,
    occasion: Occasion,
) -> Result<(), WatchError> {
    let mut list = instance.allowlist(slot)?;
    list.extend_policy(&orders.allow)?;
    fault("reload.allow");
    instance.sources().tell_apart(&orders.policy.rules);
    orders.enforce(instance.state(), moment, occasion);
    instance.set_terms(orders.ban.as_ref());
    instance.state().set_expected(&orders.expected);
    if !list.stale(&orders.allow)?.is_empty() {
        // A frame that has read an old rule is to find the old list.
        let_frames_pass();
        list.retain_policy(&orders.allow)?;
    }
    Ok(())
}

/// Puts an instance in the place of the program on its interface. The policy comes last: what fails
/// before has changed nothing.
pub(super) fn take_over(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    slot: &Slot,
    moment: &Moment,
) -> Result<Attached, WatchError> {
    let Some(attached) = replace(instance, host, slot)? else {
        return Err(WatchError::Vanished { interface: host.name.clone() });
    };
    warn_of_mode(host, setup.wanted, attached.mode);
    slot.pin_programs(instance)?;
    obey(instance, Some(slot), setup.orders, moment, Occasion::Start)?;
    Ok(attached)
}

/// Puts an instance with maps of its own in the place of one of the layout before this one, whose state was copied. A
/// frame meets the old program with the old state or the new one with the copy. The pins change places last; a process
/// that is killed before leaves that to the next one.
pub(super) fn succeed(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    (slot, older): (&Slot, &Older),
    moment: &Moment,
) -> Result<Attached, WatchError> {
    let next = slot.successor();
    let attached = put_beside(instance, host, setup, slot, &next);
    if attached.is_err() {
        // What was attached stays, with its own maps.
        let _ = next.remove();
    }
    let attached = attached?;
    warn_of_mode(host, setup.wanted, attached.mode);
    fault("succeed.attached");
    older.copy_changes_to(instance)?;
    slot.succeed(&next)?;
    obey(instance, Some(slot), setup.orders, moment, Occasion::Start)?;
    log::info!("{}: layout {} was copied into new maps", host.name, OLDER_VERSION);
    Ok(attached)
}

/// Attaches an instance, with all its pins in a place beside those of the older one.
fn put_beside(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    slot: &Slot,
    next: &Slot,
) -> Result<Attached, WatchError> {
    next.pin(instance)?;
    let is_here = host.xdp.iter().any(|it| Some(it.program) == slot.program_id());
    if !is_here {
        return Ok(attach(instance, host, setup.wanted)?.stay(next)?);
    }
    next.pin_link(slot.link()?)?;
    fault("succeed.pinned");
    let replaced = replace(instance, host, slot)?;
    replaced.ok_or_else(|| WatchError::Vanished { interface: host.name.clone() })
}

fn warn_of_mode(host: &HostLink, wanted: Wanted, mode: XdpMode) {
    let other = match wanted {
        Wanted::Auto => None,
        Wanted::Native => (mode != XdpMode::Native).then_some("native"),
        Wanted::Generic => (mode != XdpMode::Generic).then_some("generic"),
    };
    if let Some(wanted) = other {
        log::warn!(
            "{}: it stays in {mode} mode; `port12 detach` and a new start make it {wanted}",
            host.name
        );
    }
}

/// Puts an instance on its interface, and pins what is to be pinned.
pub(super) fn put(
    instance: &mut Instance,
    host: &HostLink,
    setup: &Setup<'_>,
    slot: Option<&Slot>,
    found: Found,
) -> Result<Attached, WatchError> {
    match (slot, found) {
        (Some(slot), Found::Nothing) => slot.pin(instance)?,
        // The interface went, and one of its name came: the state goes on.
        (Some(slot), Found::Attached | Found::Orphan) => slot.pin_programs(instance)?,
        (Some(_), Found::Older) => {}
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

pub(super) fn warn_of_reset(host: &HostLink, wanted: Wanted) {
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
