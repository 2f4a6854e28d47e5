//! Which way frames go, for the kernel program's compiler: a jump that is taken costs it more than
//! one that is not.

/// Marks the way on from here as one that few frames take.
#[inline(always)]
pub(crate) fn rare() {
    // Rust 1.95, which is more than user space asks for.
    #[cfg(target_arch = "bpf")]
    core::hint::cold_path();
}

/// A condition that few frames meet.
#[inline(always)]
pub(crate) fn rarely(condition: bool) -> bool {
    if condition {
        rare();
    }
    condition
}
