//! State from pinned maps.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    host_changes,
    interface::{
        Attachment, ForwardingAnswer, ProgramReading, forwarding, interface_state as read,
    },
};
use crate::{
    host::{HostError, forwarding as host_forwarding, interfaces},
    kernel::{
        clock::Timeline,
        pin,
        pin_error::PinError,
        pinned::{Pinned, PinnedError},
        unpinned::Unpinned,
        whereabouts::Whereabouts,
    },
    model::{
        DaemonId, InterfaceState, Origin, Place, ProgramState, State, UnpinnedProgram, VlanTags,
    },
    registry::Registry,
    snapshot::Snapshot,
};

/// Why pinned maps give no state.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The pin directory cannot be read.
    #[error(transparent)]
    Directory(#[from] PinError),
    /// The maps cannot be read, or the host cannot be asked.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The kernel's clock cannot be read.
    #[error(transparent)]
    Clock(#[from] crate::truth::TruthError),
    /// The bans cannot be read.
    #[error(transparent)]
    Bans(#[from] crate::kernel::bans::BansError),
    /// The interfaces of this network namespace cannot be listed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The allowlist cannot be read.
    #[error(transparent)]
    Allowlist(#[from] crate::kernel::allowlist::AllowlistError),
}

/// Reader of the state from outside of the process that watches.
pub struct Query {
    /// Pinned interfaces.
    pub pinned: Vec<Pinned>,
    /// Process that holds the pin directory.
    holder: Option<DaemonId>,
    /// Directory of the daemon's state file; `None` if there is no pin directory.
    daemon: Option<PathBuf>,
}

impl Query {
    /// Reader of the pinned interfaces in a pin directory, and of the state file of the daemon that holds it.
    pub fn new(pinned: Vec<Pinned>, pin_dir: &Path, runtime_dir: &Path) -> Self {
        let daemon = super::runtime_directory(runtime_dir, pin_dir);
        Self { pinned, holder: pin::holder(pin_dir).map(DaemonId::from), daemon }
    }

    /// State of the pinned interfaces, and the parts that only the daemon knows if one runs. A state file that cannot
    /// be used is logged; its parts are then unknown.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: an interface cannot be read.
    pub fn state(&self, registry: &Registry) -> Result<State, QueryError> {
        let mut state = super::empty(Origin::Pinned, registry);
        for pinned in &self.pinned {
            state.interfaces.push(interface_state(pinned, registry, self.holder.is_some())?);
        }
        state.daemon.clone_from(&self.holder);
        state.unpinned = Some(unpinned(&state.interfaces)?);
        match self.daemon.as_deref().map(super::daemon_state).transpose() {
            Ok(daemon) => daemon.flatten().into_iter().for_each(|daemon| state.merge(daemon)),
            Err(error) => log::warn!("the daemon's part of the state is unknown: {error}"),
        }
        Ok(state)
    }
}

/// Pinned maps of each interface, each for itself: one that cannot be read hides no other.
///
/// # Errors
///
/// [`QueryError`]: the directory cannot be read.
pub fn open_each(pin_dir: &Path) -> Result<Vec<Result<Pinned, PinnedError>>, QueryError> {
    let opened = pin::slots(pin_dir)?.into_iter().map(Pinned::open_settled);
    Ok(opened.filter_map(Result::transpose).collect())
}

impl From<pin::Holder> for DaemonId {
    fn from(pin::Holder { process, name }: pin::Holder) -> Self {
        Self { pid: process, name: (!name.is_empty()).then_some(name) }
    }
}

/// Programs that the pins do not lead to, and that are, or may be, port12's.
fn unpinned(interfaces: &[InterfaceState]) -> Result<Vec<UnpinnedProgram>, HostError> {
    // A program in the place of port12's is named with its interface.
    let known = interfaces.iter().flat_map(|it| [it.program.id, it.other_program_id]);
    let known: BTreeSet<u32> = known.flatten().collect();
    let mut found = Unpinned::list(&known)?;
    found.retain(|it| it.is_port12() != Some(false));
    let found = found.into_iter();
    Ok(found
        .map(|Unpinned { interface, program, name }| UnpinnedProgram {
            interface,
            program_id: program,
            name,
        })
        .collect())
}

/// State of one pinned interface. A daemon, if there is one, adapts its program to the host.
///
/// # Errors
///
/// [`QueryError`].
pub fn interface_state(
    pinned: &Pinned,
    registry: &Registry,
    has_daemon: bool,
) -> Result<InterfaceState, QueryError> {
    let now = pinned.now().map_err(crate::truth::TruthError::from)?;
    let whereabouts = pinned.whereabouts().map_err(PinnedError::from)?;
    let (place, here, other_program_id) = match &whereabouts {
        Whereabouts::Here(link, mode) => (Place::Attached, Some((&**link, *mode)), None),
        Whereabouts::Detached { other } => (Place::Detached, None, *other),
        Whereabouts::Elsewhere => (Place::Elsewhere, None, None),
        Whereabouts::Vanished => (Place::Gone, None, None),
    };
    let pinned_as = pinned.interface().to_owned();
    let interface = here.map_or_else(|| pinned_as.clone(), |(link, _)| link.name.clone());
    let links = interfaces::all()?;
    let bans = pinned.bans()?.list()?;
    let state = pinned.state();
    let reading = ProgramReading {
        state,
        counters: &Snapshot::read(pinned.counters()),
        now,
        timeline: &Timeline::from(now),
        program: ProgramState {
            name: pinned.program().name_as_str().unwrap_or_default().to_owned(),
            id: Some(pinned.program_id()),
            tag: pinned.program_tag().map(|tag| format!("{tag:016x}")),
        },
        persistent: pinned.is_persistent(),
        bans_after: pinned.bans_after(),
        active_bans: Some(bans.iter().filter(|(_, ban)| ban.holds(now.jiffies)).count()),
        allowed: Some(pinned.allowlist()?.list()?.len()),
    };
    let at = Attachment {
        pinned_as: (pinned_as != interface).then_some(pinned_as),
        interface,
        place,
        xdp_mode: here.map(|(_, mode)| mode),
        speed: here.and_then(|(link, _)| interfaces::speed(link)),
        other_program_id,
        forwarding: match here {
            Some((link, _)) => forwarding(host_forwarding::reasons(link.index).as_deref()),
            None => ForwardingAnswer::default(),
        },
        not_dropped: here.and_then(|(link, _)| pinned.not_dropped(link, &now)),
        vlan_tags: here
            .map(|(link, mode)| VlanTags::from(interfaces::vlan_stripping(link, mode, &links))),
        host_changes: host_changes(pinned, has_daemon),
    };
    Ok(read(reading, at, registry))
}
