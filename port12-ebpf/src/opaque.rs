//! Numbers that are opaque to the compiler.

use core::arch::asm;

/// An instruction, where the object keeps its line information: the kernel refuses two lines for one.
#[cfg(feature = "trace")]
macro_rules! instruction {
    () => {
        "{0} = {0}"
    };
}
#[cfg(not(feature = "trace"))]
macro_rules! instruction {
    () => {
        "/* {0} */"
    };
}

/// The same number. The compiler has to take it for any: a check that it would leave out, because it
/// has made it before, is there for a verifier that has forgotten.
#[inline(always)]
pub fn opaque(mut number: usize) -> usize {
    // SAFETY: it does nothing to anything.
    unsafe {
        asm!(instruction!(), inout(reg) number, options(pure, nomem, preserves_flags, nostack));
    };
    number
}
