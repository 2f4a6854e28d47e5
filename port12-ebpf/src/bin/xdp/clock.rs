//! The kernel's clocks, for user space.

use aya_ebpf::{
    bindings::xdp_action,
    helpers::{bpf_jiffies64, bpf_ktime_get_boot_ns},
    macros::xdp,
    programs::XdpContext,
};

use crate::maps::CLOCK;

/// Reads the clocks into their map. User space runs it by test-run: jiffies can be read in no
/// other way.
#[xdp]
pub fn port12_clock(_: XdpContext) -> u32 {
    if let Some(clock) = CLOCK.get_ptr_mut(0) {
        // SAFETY: the element outlives the program, and the helpers take no arguments.
        unsafe {
            (*clock).jiffies = bpf_jiffies64();
            (*clock).boot_ns = bpf_ktime_get_boot_ns();
        }
    }
    xdp_action::XDP_PASS
}
