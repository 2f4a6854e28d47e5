//! A host that has changed since a program was attached: without a daemon nobody adapts the program.

use super::{output::tell, pins::PinArgs};
use crate::{
    host::{
        forwarding,
        interfaces::{self, Link},
    },
    kernel::{pin, pinned::Pinned, whereabouts::Whereabouts},
    text::Printable,
};

/// The escape, whatever changed.
const WAY_OUT: &str = "`port12 bypass` stops all dropping";

/// Looks at the host again, and warns of what a program without a daemon drops wrongly. One line
/// each, on standard error.
pub(super) fn warn<'a>(pins: &PinArgs, pinned: impl IntoIterator<Item = &'a Pinned>) {
    pinned.into_iter().flat_map(|it| warnings(pins, it)).for_each(tell);
}

/// The warnings about one interface.
pub(super) fn warnings(pins: &PinArgs, pinned: &Pinned) -> Vec<String> {
    // A daemon looks once a second, and adapts the program.
    if pin::holder(&pins.pin_dir).is_some() || !may_drop(pinned) {
        return Vec::new();
    }
    match pinned.whereabouts() {
        Ok(Whereabouts::Here(link, _)) => {
            let stacked = stacked(&link, pinned);
            forwarded(&link).into_iter().chain(stacked).collect()
        }
        Ok(Whereabouts::Elsewhere | Whereabouts::Detached { .. } | Whereabouts::Vanished) => {
            Vec::new()
        }
        Err(error) => vec![format!("{}: {error}", pinned.interface())],
    }
}

fn may_drop(pinned: &Pinned) -> bool {
    let state = pinned.state();
    // A program whose clock cannot be read may drop.
    let drops = pinned.now().is_ok_and(|now| state.standing(&now).drops());
    state.gate().bypass == 0 && (drops || state.looks_for_bans())
}

fn forwarded(link: &Link) -> Option<String> {
    let name = Printable(&link.name);
    match forwarding::reasons(link.index) {
        Ok(reasons) => reasons.first().map(|reason| {
            format!(
                "{name}: {reason}: what comes for a forwarded port has no socket here and may be \
                 dropped, since no daemon runs that would stop dropping; {WAY_OUT}"
            )
        }),
        Err(error) => Some(format!(
            "{name}: whether this host forwards by now cannot be read ({error}); {WAY_OUT}"
        )),
    }
}

fn stacked(link: &Link, pinned: &Pinned) -> Option<String> {
    if pinned.state().sockets().lookup_proves == 0 {
        return None;
    }
    let name = Printable(&link.name);
    let unproven = interfaces::unproven(link);
    let why = unproven.map(|it| it.map(|why| why.to_string())).unwrap_or_else(|error| {
        Some(format!("what stands above it by now cannot be read ({error})"))
    })?;
    Some(format!(
        "{name}: {why}, and was not when it was attached: what comes for sockets that are bound to \
         it may be dropped; `port12 attach` adapts the program, {WAY_OUT}"
    ))
}
