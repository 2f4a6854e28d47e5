//! Sources that are banned.

use core::{
    intrinsics::{AtomicOrdering, atomic_xadd},
    mem,
};

use port12_common::abi::SourceAddress;

use crate::maps::BANS;

/// Whether a ban holds, for a packet that is dropped for it: it is counted.
#[inline(always)]
pub fn holds(source: SourceAddress, now: u64) -> bool {
    // SAFETY: two numbers either way.
    let [high, low] = unsafe { mem::transmute::<SourceAddress, [u64; 2]>(source) };
    counted(high, low, now) != 0
}

/// Out of line, with arguments that fit into registers.
#[inline(never)]
fn counted(high: u64, low: u64, now: u64) -> u64 {
    // SAFETY: as above.
    let source = unsafe { mem::transmute::<[u64; 2], SourceAddress>([high, low]) };
    let Some(ban) = BANS.get_ptr_mut(source) else {
        return 0;
    };
    // SAFETY: the element outlives the program; where it is given to another source meanwhile, the packet
    // is counted for that one.
    unsafe {
        if !(*ban).holds(now) {
            return 0;
        }
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(&raw mut (*ban).packets, 1);
    }
    1
}
