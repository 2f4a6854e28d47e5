//! Counters that several CPUs share.

use core::intrinsics::{AtomicOrdering, atomic_xadd};

/// Adds to a counter atomically. Version 2 of the instruction set has no addition that returns the former value.
///
/// # Safety
///
/// `counter` is valid, aligned, and written by atomic additions or single stores alone.
#[inline(always)]
pub unsafe fn add(counter: *mut u64, addend: u64) {
    // SAFETY: as the caller says.
    unsafe {
        let _ = atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(counter, addend);
    }
}
