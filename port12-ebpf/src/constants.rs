//! Load-time constants: user space patches them before the verifier sees the program.

use core::ptr;

/// Reads a constant as the loader left it, not as the compiler knows it.
#[inline(always)]
pub fn patched<T>(constant: &'static T) -> T {
    // SAFETY: a reference is valid for reads.
    unsafe { ptr::read_volatile(constant) }
}
