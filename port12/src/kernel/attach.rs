//! Attaching to an interface, by a `bpf_link` (kernel 5.9) and never over another program.

mod refusal;

use std::{error::Error, io, os::fd::AsFd as _};

use aya::programs::{
    ProgramError, Xdp,
    links::FdLink,
    xdp::{XdpLink, XdpLinkId, XdpMode as AyaMode},
};
use strum::{EnumMessage, IntoStaticStr, VariantArray};
use thiserror::Error as ThisError;

use super::{errno, foreign::describe, instance::Instance, pin_error::PinError, slot::Slot};
use refusal::Refusal;

use crate::{
    fault::fault,
    host::{
        HostError,
        interfaces::{self, Link, Stack, XdpAttachment, XdpMode},
    },
};

/// How the operator wants the program to run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Wanted {
    /// Native where the driver can, else generic.
    #[default]
    Auto,
    /// In the driver, or not at all.
    Native,
    /// In the stack, after the driver and GRO.
    Generic,
}

/// Why a program is not on an interface.
#[derive(Debug, ThisError)]
pub enum AttachError {
    /// Another program is there.
    #[error(
        "{interface} already has an XDP program: {program}. port12 never replaces a program that \
         it did not attach: stop the process that owns it (`bpftool link` lists it), or, where it \
         was attached without a link, `ip link set dev {interface} {off} off`"
    )]
    Foreign {
        /// The interface.
        interface: String,
        /// The program's id, and what else the capabilities allow to ask.
        program: String,
        /// Name of its mode in `ip link`.
        off: &'static str,
    },
    /// A program is on an interface above: the kernel allows none below it then.
    #[error(
        "{interface} cannot have an XDP program while {upper}, which stands above it, has one: \
         {program}. Watch {upper} in place of {interface}, or detach that program"
    )]
    Upper {
        /// The interface.
        interface: String,
        /// The one above.
        upper: String,
        /// Its program's id, and what else the capabilities allow to ask.
        program: String,
    },
    /// The driver or the kernel refuses.
    #[error("cannot attach to {interface} in {mode} mode: {why}")]
    Refused {
        /// The interface.
        interface: String,
        /// The mode that was tried last.
        mode: XdpMode,
        /// Error of the kernel.
        why: String,
        /// The error that says it, if there is one.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The interface cannot be asked about.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// A program on an interface. Dropping it detaches the program, and so does the end of the process,
/// unless its link is pinned.
pub struct Attached {
    /// Where it runs.
    pub mode: XdpMode,
    /// Why it does not run in the driver, where that was tried.
    pub fallback: Option<String>,
    link: FdLink,
    /// A second descriptor of a pinned link: pinning uses one up, also when it fails, and the last
    /// one that is closed detaches the program.
    spare: Option<FdLink>,
}

impl Attached {
    /// Pins the link, so that the program stays.
    ///
    /// # Errors
    ///
    /// [`PinError`]; the program is taken off.
    pub fn stay(self, slot: &Slot) -> Result<Self, PinError> {
        let link = slot.pin_link(self.link)?;
        Ok(Self { link, spare: Some(slot.link()?), ..self })
    }

    /// Pins the link again that was pinned and whose pin is gone. The program stays attached in
    /// any case.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn pin_again(&mut self, slot: &Slot) -> Result<(), PinError> {
        let lost = || PinError::at(slot.path())(io::Error::other("its link cannot be pinned"));
        let spare = self.spare.take().ok_or_else(lost)?;
        self.spare = Some(slot.pin_link(spare)?);
        Ok(())
    }

    /// The id of the program.
    pub fn program_id(&self) -> Option<u32> {
        self.link.info().ok().map(|info| info.program_id())
    }
}

/// Puts an instance in the place of the program that a slot's link has on an interface, without a
/// frame in between. `None` where that program is not there any longer.
///
/// # Errors
///
/// [`AttachError`], [`PinError`]; the old program stays then.
pub fn replace(
    instance: &mut Instance,
    link: &Link,
    slot: &Slot,
) -> Result<Option<Attached>, ReplaceError> {
    let pinned = slot.link()?;
    let refused = |mode, refusal: Refusal| refusal.of(link, mode);
    let info = pinned.info().map_err(|error| refused(XdpMode::Native, Refusal::by(error)))?;
    let Some(present) = link.xdp.iter().find(|it| it.program == info.program_id()) else {
        return Ok(None);
    };
    let mode = present.mode;
    let failed = |error: ProgramError| refused(mode, Refusal::explained(error, link, mode));
    let program = instance.program().map_err(failed)?;
    let pinned = XdpLink::try_from(pinned).map_err(|error| refused(mode, Refusal::by(error)))?;
    fault("upgrade.before");
    let id = program.attach_to_link(pinned).map_err(failed)?;
    fault("upgrade.after");
    let link = owned(program, id).map_err(|refusal| refused(mode, refusal))?;
    Ok(Some(Attached { mode, fallback: None, link, spare: slot.link().ok() }))
}

/// Why a program is not in the place of another.
#[derive(Debug, ThisError)]
pub enum ReplaceError {
    /// The kernel refuses.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The link cannot be had.
    #[error(transparent)]
    Pin(#[from] PinError),
}

/// Attaches an instance to an interface.
///
/// # Errors
///
/// [`AttachError`]; nothing is attached then.
pub fn attach(
    instance: &mut Instance,
    link: &Link,
    wanted: Wanted,
) -> Result<Attached, AttachError> {
    if let Some(present) = link.xdp.first() {
        return Err(foreign(&link.name, Some(*present)));
    }
    let native = match wanted {
        Wanted::Generic => None,
        Wanted::Auto | Wanted::Native => Some(attach_in(instance, link, XdpMode::Native)),
    };
    match (native, wanted) {
        (Some(Ok(link)), _) => {
            Ok(Attached { mode: XdpMode::Native, fallback: None, link, spare: None })
        }
        (Some(Err(error)), Wanted::Native) => Err(error),
        (
            Some(Err(
                error @ (AttachError::Foreign { .. }
                | AttachError::Upper { .. }
                | AttachError::Host(_)),
            )),
            _,
        ) => Err(error),
        (Some(Err(AttachError::Refused { why, .. })), _) => {
            let link = attach_in(instance, link, XdpMode::Generic)?;
            Ok(Attached { mode: XdpMode::Generic, fallback: Some(why), link, spare: None })
        }
        (None, _) => {
            let link = attach_in(instance, link, XdpMode::Generic)?;
            Ok(Attached { mode: XdpMode::Generic, fallback: None, link, spare: None })
        }
    }
}

fn attach_in(instance: &mut Instance, link: &Link, mode: XdpMode) -> Result<FdLink, AttachError> {
    let flags = match mode {
        XdpMode::Native => AyaMode::Driver,
        XdpMode::Generic => AyaMode::Skb,
        XdpMode::Hardware => AyaMode::Hardware,
    };
    let refused = |refusal: Refusal| refusal.of(link, mode);
    let program = instance.program().map_err(|error| refused(Refusal::by(error)))?;
    let id =
        program.attach_to_if_index(link.index, flags).map_err(|error| match is_taken(&error) {
            true => taken(link),
            false => refused(Refusal::explained(error, link, mode)),
        })?;
    owned(program, id).map_err(|refusal| match taken_back(program, link.index, mode) {
        Ok(()) => refused(refusal),
        Err(error) => {
            let why = format!("{}; and it cannot be taken back: {error}", refusal.why);
            refused(Refusal { why, ..refusal })
        }
    })
}

/// Programs that aya attached without a link stay attached at the end.
fn taken_back(program: &Xdp, interface: u32, mode: XdpMode) -> Result<(), String> {
    let program = program.fd().map_err(|error| error.to_string())?;
    interfaces::take_off(interface, program.as_fd(), mode).map_err(|error| error.to_string())
}

/// Takes the link out of the program; aya falls back to netlink on its own, which leaves a
/// program behind that nothing owns.
fn owned(program: &mut Xdp, id: XdpLinkId) -> Result<FdLink, Refusal> {
    let link = program.take_link(id).map_err(Refusal::by)?;
    FdLink::try_from(link).map_err(|error| Refusal {
        why: "the kernel makes no bpf_link for it, without which it could not be held: kernel 5.9 \
              has links"
            .to_owned(),
        source: Some(error.into()),
    })
}

fn is_taken(error: &ProgramError) -> bool {
    matches!(errno::number(error), Some(libc::EBUSY | libc::EEXIST))
}

/// Which program forbids another one: on the interface, or on an interface above it.
fn taken(link: &Link) -> AttachError {
    let present = interfaces::by_index(link.index).ok();
    let present = present.and_then(|link| link.xdp.first().copied());
    let stack = Stack::read().ok().filter(|_| present.is_none());
    let uppers = stack.iter().flat_map(|stack| stack.from(link.index)).skip(1);
    let busy = { uppers }.find_map(|upper| Some((upper, upper.xdp.first()?)));
    match busy {
        Some((upper, attached)) => AttachError::Upper {
            interface: link.name.clone(),
            upper: upper.name.clone(),
            program: describe(attached.program),
        },
        None => foreign(&link.name, present),
    }
}

fn foreign(interface: &str, present: Option<XdpAttachment>) -> AttachError {
    let program = match present {
        None => "its id cannot be asked for".to_owned(),
        Some(present) => describe(present.program),
    };
    let off = match present.map(|present| present.mode) {
        Some(XdpMode::Native) => "xdpdrv",
        Some(XdpMode::Generic) => "xdpgeneric",
        Some(XdpMode::Hardware) => "xdpoffload",
        None => "xdp",
    };
    AttachError::Foreign { interface: interface.to_owned(), program, off }
}
