//! Parts that port12's kernel programs share: access to packets, opaque numbers, load-time constants, atomic counters.
//!
//! Each folder of `bin/` is an object of its own, which user space loads by itself.
#![no_std]
#![feature(asm_experimental_arch, core_intrinsics)]
#![expect(internal_features, reason = "the target has no atomic types")]

pub mod atomic;
pub mod constants;
pub mod maps;
pub mod nonlinear;
pub mod opaque;
pub mod packet;

/// The licence that the kernel requires: GPL-compatible. Each object has it in a section of its own.
#[macro_export]
macro_rules! licence {
    () => {
        /// The licence that the kernel requires: GPL-compatible.
        #[unsafe(link_section = "license")]
        #[unsafe(no_mangle)]
        pub static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
    };
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
