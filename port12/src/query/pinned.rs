//! State from pinned maps.

use std::path::{Path, PathBuf};

use super::interface::{
    Attachment, ForwardingAnswer, ProgramReading, forwarding, interface_state as read,
};
use crate::{
    host::{forwarding as host_forwarding, interfaces},
    kernel::{
        clock::Timeline,
        pinned::{Pinned, PinnedError},
        whereabouts::Whereabouts,
    },
    model::{InterfaceState, Origin, Place, ProgramState, State},
    registry::Registry,
    snapshot::Snapshot,
};

/// Why pinned maps give no state.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The maps cannot be read, or the host cannot be asked.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The kernel's clock cannot be read.
    #[error(transparent)]
    Clock(#[from] crate::truth::TruthError),
    /// The bans cannot be read.
    #[error(transparent)]
    Bans(#[from] crate::kernel::bans::BansError),
    /// The allowlist cannot be read.
    #[error(transparent)]
    Allowlist(#[from] crate::kernel::allowlist::AllowlistError),
}

/// Reader of the state from outside of the process that watches.
pub struct Query {
    /// Pinned interfaces.
    pub pinned: Vec<Pinned>,
    /// Directory of the daemon's state file; `None` if there is no pin directory.
    daemon: Option<PathBuf>,
}

impl Query {
    /// Reader of the pinned interfaces in a pin directory, and of the state file of the daemon that holds it.
    pub fn new(pinned: Vec<Pinned>, pin_dir: &Path, runtime_dir: &Path) -> Self {
        Self { pinned, daemon: super::runtime_directory(runtime_dir, pin_dir) }
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
            state.interfaces.push(interface_state(pinned, registry)?);
        }
        match self.daemon.as_deref().map(super::daemon_state).transpose() {
            Ok(daemon) => daemon.flatten().into_iter().for_each(|daemon| state.merge(daemon)),
            Err(error) => log::warn!("the daemon's part of the state is unknown: {error}"),
        }
        Ok(state)
    }
}

/// State of one pinned interface.
///
/// # Errors
///
/// [`QueryError`].
pub fn interface_state(pinned: &Pinned, registry: &Registry) -> Result<InterfaceState, QueryError> {
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
    };
    Ok(read(reading, at, registry))
}
