//! Bans of the state directory, for a program that is not attached yet.

use std::net::IpAddr;

use port12_common::abi::{BANNED, Ban};

use super::{Setup, WatchError};
use crate::{
    host::{HostError, protected::Protected},
    kernel::{clock::Moment, instance::Instance, slot::Slot},
    state_dir::bans::InterfaceBans,
};

/// Writes the bans that are kept for an interface into new maps, before other processes can see these. Returns their
/// number. A ban of an address that the host needs by now is not restored.
pub(super) fn restore(
    instance: &Instance,
    setup: &Setup<'_>,
    interface: &str,
    now: &Moment,
) -> Result<usize, WatchError> {
    let Some(kept) = setup.kept.map(|kept| &kept.bans).filter(|bans| !bans.is_empty()) else {
        return Ok(0);
    };
    let mut kept = kept.clone();
    kept.continue_at(now);
    let mut bans = kept.of(interface);
    // Bans by the operator come from the interfaces that are attached: there, they may have been removed.
    let slots = setup.pins.map(|pins| pins.slots().unwrap_or_default()).unwrap_or_default();
    let has_pins = slots.iter().any(Slot::has_link);
    bans.retain(|_, ban| ban.holds(now.jiffies) && !(has_pins && ban.origin == Ban::OPERATOR));
    if bans.is_empty() {
        return Ok(0);
    }
    let protected = Protected::ask();
    bans.retain(|source, ban| match obstacle(protected.as_ref(), *source, ban) {
        None => true,
        Some(why) => {
            log::warn!(
                "{interface}: the ban of {source} is not restored: {why}; `port12 ban` bans it again"
            );
            false
        }
    });
    limit(&mut bans, interface);
    instance.bans(None)?.restore(&bans)?;
    Ok(bans.len())
}

/// Reason why a ban is not restored.
fn obstacle(
    protected: Result<&Protected, &HostError>,
    source: IpAddr,
    ban: &Ban,
) -> Option<String> {
    let protected = match protected {
        Ok(protected) => protected,
        Err(error) => {
            return Some(format!("the addresses that the host needs are unknown ({error})"));
        }
    };
    match (protected.role(source), &protected.unlisted) {
        (Some(role), _) => Some(format!("it is {role}")),
        (None, Some(what)) if ban.scope == Ban::ALL => {
            Some(format!("{what} could not be listed, and it may be one of them"))
        }
        (None, _) => None,
    }
}

/// Leaves as many bans as the table holds: the lightest of the program's are left out first.
fn limit(bans: &mut InterfaceBans, interface: &str) {
    let surplus = bans.len().saturating_sub(BANNED);
    if surplus == 0 {
        return;
    }
    let mut order: Vec<_> = bans
        .iter()
        .map(|(source, ban)| (ban.origin == Ban::OPERATOR, ban.packets, ban.until, *source))
        .collect();
    order.sort_unstable();
    for (.., source) in order.into_iter().take(surplus) {
        bans.remove(&source);
    }
    log::warn!("{interface}: {surplus} bans do not fit into the table, and are not restored");
}
