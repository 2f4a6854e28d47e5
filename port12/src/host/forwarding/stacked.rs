//! Interfaces above that hand frames to others.

use super::Reason;
use crate::host::interfaces::{Link, Stack};

const BRIDGES: [&str; 2] = ["bridge", "openvswitch"];
const SHARERS: [&str; 4] = ["macvlan", "macvtap", "ipvlan", "ipvtap"];

/// The reasons that an interface and those above it give.
pub(super) fn reasons(stack: &Stack, interface: u32) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(stack.get(interface).and_then(|link| bridge(link, link)));
    for lower in stack.from(interface) {
        for upper in stack.above(lower.index) {
            reasons.extend(bridge(upper, lower).or_else(|| sharer(upper, lower)));
        }
    }
    reasons
}

fn bridge(link: &Link, port: &Link) -> Option<Reason> {
    let kind = link.kind.clone().filter(|kind| BRIDGES.contains(&kind.as_str()))?;
    Some(Reason::Bridge { bridge: link.name.clone(), kind, port: port.name.clone() })
}

fn sharer(upper: &Link, lower: &Link) -> Option<Reason> {
    let kind = upper.kind.clone().filter(|kind| SHARERS.contains(&kind.as_str()))?;
    Some(Reason::Upper { name: upper.name.clone(), kind, lower: lower.name.clone() })
}
