//! The VLANs in the state of a program.

use std::sync::atomic::Ordering;

use port12_common::{
    Membership,
    abi::{Policy, Vlans},
};

use super::{StateMap, StateWriter};
use crate::{mapped_part_mut, mapped_read, mapped_write};

impl StateWriter {
    /// Sets the VLANs of which frames are this host's, word by word, and whether untagged frames are.
    pub fn set_vlans(&self, vlans: &Vlans) {
        let table = mapped_part_mut!(self.map.first_mut(), host.vlans);
        if vlans.known != mapped_read!(table, known) {
            mapped_write!(table, known => Vlans::UNKNOWN);
        }
        for (index, &word) in vlans.single.iter().enumerate() {
            mapped_write!(table, single[index] => word);
        }
        mapped_write!(table, seed => vlans.seed);
        for (bucket, tags) in vlans.stacked.iter().enumerate() {
            for (index, &tags) in tags.iter().enumerate() {
                mapped_write!(table, stacked[bucket][index] => tags);
            }
        }
        mapped_write!(table, known => vlans.known);
        if vlans.untagged() == Membership::OWN {
            self.lists().fetch_and(!Policy::UNTAGGED_ELSEWHERE, Ordering::SeqCst);
        } else {
            self.lists().fetch_or(Policy::UNTAGGED_ELSEWHERE, Ordering::SeqCst);
        }
    }
}

impl StateMap {
    /// The VLANs of which frames are this host's.
    pub fn vlans(&self) -> Vlans {
        mapped_read!(self.0.first(), host.vlans)
    }
}
