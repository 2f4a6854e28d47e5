//! Where the program is put on an interface.

use std::{error::Error, os::fd::AsFd as _};

use aya::programs::{LinkOrder, SchedClassifier, TcAttachType, links::FdLink, tc::TcAttachOptions};
use aya::util::KernelVersion;
use port12_common::Layer;
use thiserror::Error as ThisError;

use super::{Egress, clsact::Clsact, name, reason};
use crate::{
    fault::is_set,
    host::{HostError, interfaces::Link},
};

/// Why what leaves by an interface is not watched.
#[derive(Debug, ThisError)]
pub enum EgressError {
    /// The kernel refuses.
    #[error("cannot watch what leaves by {interface}: {why}; without `--egress` it is not watched")]
    Refused {
        /// The interface.
        interface: String,
        /// Error of the kernel.
        why: String,
        /// The error that says it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The interface has a qdisc in whose place `clsact` would go.
    #[error(
        "cannot watch what leaves by {0}: it has the qdisc `ingress`, which takes the place of the one that packets \
         leave through; `tc qdisc del dev {0} ingress` takes it off, with its filters"
    )]
    Taken(String),
    /// The interface cannot be asked about.
    #[error(transparent)]
    Host(#[from] HostError),
}

pub use crate::model::OutboundHook as HookKind;

/// The best kind that the kernel has.
fn of_kernel() -> HookKind {
    let version = KernelVersion::current();
    let is_new = version.is_ok_and(|version| version >= KernelVersion::new(6, 6, 0));
    // Tests want both.
    match is_new && !is_set("egress.old") {
        true => HookKind::Tcx,
        false => HookKind::Clsact,
    }
}

/// The program on an interface. Dropping it takes the program off.
pub enum Hook {
    /// See [`HookKind::Tcx`]; nothing once it is taken off.
    Tcx(Option<FdLink>),
    /// See [`HookKind::Clsact`].
    Clsact(Clsact),
}

impl Hook {
    /// How it is there.
    pub fn kind(&self) -> HookKind {
        match self {
            Self::Tcx(_) => HookKind::Tcx,
            Self::Clsact(_) => HookKind::Clsact,
        }
    }

    /// Whether the program is still there, as far as that is known: a filter goes with its qdisc, which anybody may
    /// take off who configures the interface.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Tcx(link) => link.is_some(),
            Self::Clsact(clsact) => clsact.is_there(),
        }
    }

    /// Takes the program off.
    pub fn take_off(&mut self) {
        match self {
            Self::Tcx(link) => *link = None,
            Self::Clsact(clsact) => clsact.take_off(),
        }
    }
}

impl Egress {
    /// Puts the program before all others on packets that leave by an interface: it sees what they drop, and decides
    /// nothing. What a port12 that was killed has left there goes.
    ///
    /// # Errors
    ///
    /// [`EgressError`]; nothing is attached then.
    pub fn attach(&mut self, link: &Link, layer: Layer) -> Result<Hook, EgressError> {
        let refused =
            |(why, source)| EgressError::Refused { interface: link.name.clone(), why, source };
        super::sweep(link.index)?;
        let program = self.program(layer).map_err(|error| refused(reason(error)))?;
        match of_kernel() {
            HookKind::Tcx => {
                tcx(program, &link.name).map(|link| Hook::Tcx(Some(link))).map_err(refused)
            }
            HookKind::Clsact => {
                let fd = program.fd().map_err(|error| refused(reason(error)))?;
                match Clsact::attach(link.index, fd.as_fd(), name(layer)) {
                    Ok(Some(clsact)) => Ok(Hook::Clsact(clsact)),
                    Ok(None) => Err(EgressError::Taken(link.name.clone())),
                    Err(HostError::Refused { source, .. }) => {
                        Err(refused((source.to_string(), source.into())))
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

fn tcx(
    program: &mut SchedClassifier,
    interface: &str,
) -> Result<FdLink, (String, Box<dyn Error + Send + Sync>)> {
    let options = TcAttachOptions::TcxOrder(LinkOrder::first());
    let id =
        program.attach_with_options(interface, TcAttachType::Egress, options).map_err(reason)?;
    let link = program.take_link(id).map_err(reason)?;
    FdLink::try_from(link).map_err(|error| (error.to_string(), error.into()))
}
