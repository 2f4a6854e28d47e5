//! VLANs for which an interface receives frames.

mod passage;

use std::collections::BTreeSet;

use self::passage::{Passage, Tag};
use super::Stack;

/// The tags of every VLAN whose frames this network namespace receives on or above an interface, as
/// [`Vlans::stacked`](port12_common::abi::Vlans::stacked) has them; 0 for frames without a VID. `None` if that is not known: Open vSwitch is among the
/// devices above, or a bridge that filters VLANs and whose VLANs cannot be read.
pub fn vlans(stack: &Stack, index: u32) -> Option<BTreeSet<u64>> {
    let devices: BTreeSet<Tag> =
        stack.all().iter().filter_map(|link| link.vlan).filter_map(Tag::of).collect();
    let start = Passage::from(index);
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([start]);
    let mut next = vec![start];
    while let Some(passage) = next.pop() {
        if !is_consumed_at(stack, passage.at()) {
            found.extend(passage.removed());
        }
        for upper in stack.above(passage.at()) {
            for passage in passage.into_device(upper, stack, &devices)? {
                if seen.insert(passage) {
                    next.push(passage);
                }
            }
        }
    }
    Some(found)
}

/// Whether a bridge, a bond or a team receives the frames of a device in its place. A VRF does not.
fn is_consumed_at(stack: &Stack, index: u32) -> bool {
    let master = stack.get(index).and_then(|link| link.master).and_then(|index| stack.get(index));
    master.is_some_and(|master| master.kind.as_deref() != Some("vrf"))
}

#[cfg(test)]
mod tests;
