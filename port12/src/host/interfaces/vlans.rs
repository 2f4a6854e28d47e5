//! VLANs for which an interface receives frames.

use std::collections::BTreeSet;

use port12_common::parse::{MAX_VLAN_TAGS, Tags};

use super::{Link, Stack};

/// The tags of every VLAN device above an interface, as [`Vlans::stacked`](port12_common::abi::Vlans::stacked) has them; `None` if a VLAN-aware bridge is
/// among them, of which it is not known here which tags it takes off.
pub fn vlans(stack: &Stack, index: u32) -> Option<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([(index, 0)]);
    let mut next = vec![(index, 0)];
    while let Some((lower, tags)) = next.pop() {
        for upper in stack.above(lower) {
            if upper.is_vlan_aware {
                return None;
            }
            let tags = behind(upper, tags);
            if tags >> (Tags::BITS * MAX_VLAN_TAGS as u32) != 0 {
                continue;
            }
            if tags != 0 {
                found.insert(tags);
            }
            if seen.insert((upper.index, tags)) {
                next.push((upper.index, tags));
            }
        }
    }
    Some(found)
}

/// The tags that have been taken off a frame when a device above has received it.
fn behind(upper: &Link, tags: u64) -> u64 {
    match upper.vlan {
        Some(tag) if tag.vid != 0 => tags << Tags::BITS | Tags::tag(tag.vid, tag.is_dot1ad),
        Some(_) | None => tags,
    }
}
