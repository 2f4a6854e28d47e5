//! Telling user space.

use port12_common::abi::{BindRecord, Hearing};
use port12_ebpf::atomic;

use crate::maps::BINDS;

/// Tells of a socket, and wakes up who waits for it: that takes 5 us, of a bind that is rare.
#[inline(always)]
pub fn tell(record: &BindRecord, hearing: *mut Hearing) {
    let Some(mut entry) = BINDS.reserve_untyped::<BindRecord>(0) else {
        return lose(hearing);
    };
    entry.write(*record);
    entry.submit(0);
}

/// Counts what is not told.
#[inline(always)]
pub fn lose(hearing: *mut Hearing) {
    // SAFETY: the element outlives the program, and its words are added to atomically.
    unsafe {
        atomic::add(&raw mut (*hearing).lost, 1);
    }
}
