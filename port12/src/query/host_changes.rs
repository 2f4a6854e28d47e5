//! A host that changed after the attachment: without a daemon, nothing adapts the program.

use crate::{
    host::{
        forwarding,
        interfaces::{self, Link},
    },
    kernel::{pinned::Pinned, whereabouts::Whereabouts},
    model::HostChange,
};

/// Changes of the host that the program of an interface does not take into account.
///
/// Empty while a daemon runs: it looks once a second, and adapts the program. `None` if they are not looked for, since
/// the program drops nothing or is on no interface of this network namespace.
pub fn host_changes(pinned: &Pinned, has_daemon: bool) -> Option<Vec<HostChange>> {
    if has_daemon {
        return Some(Vec::new());
    }
    if !may_drop(pinned) {
        return None;
    }
    match pinned.whereabouts() {
        Ok(Whereabouts::Here(link, _)) => {
            Some(forwards(&link).into_iter().chain(stacked(&link, pinned)).collect())
        }
        Ok(Whereabouts::Elsewhere | Whereabouts::Detached { .. } | Whereabouts::Vanished) => None,
        Err(error) => Some(vec![HostChange::PlaceUnknown { error: error.to_string() }]),
    }
}

fn may_drop(pinned: &Pinned) -> bool {
    let state = pinned.state();
    // A program whose clock cannot be read may drop.
    let drops = pinned.now().is_ok_and(|now| state.standing(&now).drops());
    state.gate().bypass == 0 && (drops || state.looks_for_bans())
}

fn forwards(link: &Link) -> Option<HostChange> {
    match forwarding::reasons(link.index) {
        Ok(reasons) => {
            let evidence = reasons.first()?.to_string();
            Some(HostChange::Forwards { evidence })
        }
        Err(error) => Some(HostChange::ForwardingUnknown { error: error.to_string() }),
    }
}

fn stacked(link: &Link, pinned: &Pinned) -> Option<HostChange> {
    if pinned.state().sockets().lookup_proves == 0 {
        return None;
    }
    match interfaces::unproven(link) {
        Ok(why) => Some(HostChange::Stacked { evidence: why?.to_string() }),
        Err(error) => Some(HostChange::StackUnknown { error: error.to_string() }),
    }
}
