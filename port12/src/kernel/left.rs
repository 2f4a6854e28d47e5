//! Bans in pinned maps that a killed process left behind.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;

use super::{clock::Moment, pinned::Pinned, slot::Slot};

/// Bans of each interface, and the moment at which they were read.
#[derive(Debug, Default)]
pub struct LeftBehind {
    /// Present jiffies; `None` if no bans could be read.
    pub now: Option<Moment>,
    /// Bans by interface and source.
    pub bans: BTreeMap<String, BTreeMap<IpAddr, Ban>>,
}

impl LeftBehind {
    /// Reads the bans of slots. A slot that was not filled has none to tell.
    pub(super) fn of(slots: impl Iterator<Item = Slot>) -> Self {
        let mut left = Self::default();
        for slot in slots {
            let name = slot.interface().to_owned();
            if let Some((now, bans)) = read(slot) {
                left.now = Some(now);
                left.bans.insert(name, bans);
            }
        }
        left
    }
}

fn read(slot: Slot) -> Option<(Moment, BTreeMap<IpAddr, Ban>)> {
    let pinned = Pinned::open(slot).ok()?;
    Some((pinned.now().ok()?, pinned.bans().ok()?.list().ok()?))
}
