//! State from pinned maps.

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

/// State of the pinned interfaces.
///
/// # Errors
///
/// [`QueryError`]: one of them cannot be read.
pub fn state(pinned: &[Pinned], registry: &Registry) -> Result<State, QueryError> {
    let mut state = super::empty(Origin::Pinned, registry);
    for pinned in pinned {
        state.interfaces.push(interface_state(pinned, registry)?);
    }
    Ok(state)
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
