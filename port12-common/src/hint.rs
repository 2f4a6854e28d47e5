//! Which way frames go, for the kernel program's compiler: a jump that is taken costs it more than
//! one that is not.

/// Marks the way on from here as one that few frames take.
#[inline(always)]
#[cfg_attr(
    target_arch = "bpf",
    expect(clippy::incompatible_msrv, reason = "Rust 1.95, which only user space does without")
)]
pub(crate) fn rare() {
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
