//! The VLANs in the state of a program.

use std::sync::atomic::Ordering;

use port12_common::{
    Membership,
    abi::{Policy, Vlans},
};

use super::StateMap;

impl StateMap {
    /// Sets the VLANs of which frames are this host's, word by word, and whether untagged frames are.
    pub fn set_vlans(&self, vlans: &Vlans) {
        // SAFETY: the words are mapped for writing, and any are a table to the program.
        unsafe {
            let table = &raw mut (*self.host()).vlans;
            if vlans.known != (&raw const (*table).known).read_volatile() {
                (&raw mut (*table).known).write_volatile(Vlans::UNKNOWN);
            }
            for (index, &word) in vlans.single.iter().enumerate() {
                (&raw mut (*table).single[index]).write_volatile(word);
            }
            let elements = (&raw mut (*table).stacked).cast::<u64>();
            (&raw mut (*table).seed).write_volatile(vlans.seed);
            for (index, &tags) in vlans.stacked.as_flattened().iter().enumerate() {
                elements.add(index).write_volatile(tags);
            }
            (&raw mut (*table).known).write_volatile(vlans.known);
        }
        if vlans.untagged() == Membership::OWN {
            self.lists().fetch_and(!Policy::UNTAGGED_ELSEWHERE, Ordering::SeqCst);
        } else {
            self.lists().fetch_or(Policy::UNTAGGED_ELSEWHERE, Ordering::SeqCst);
        }
    }

    /// The VLANs of which frames are this host's.
    pub fn vlans(&self) -> Vlans {
        // SAFETY: the element is mapped, and any bytes are such a table.
        unsafe { (&raw const (*self.host()).vlans).read_volatile() }
    }
}
