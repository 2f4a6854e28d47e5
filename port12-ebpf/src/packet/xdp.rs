//! The packet of an XDP program.

use core::ptr;

use aya_ebpf::programs::XdpContext;

use super::Context;

impl Context for XdpContext {
    #[inline(always)]
    fn bounds(&self) -> (usize, usize) {
        (self.data(), self.data_end())
    }

    #[inline(always)]
    fn bounds_again(&self) -> (usize, usize) {
        // SAFETY: the context is that of the running program.
        let (start, end) = unsafe {
            (
                ptr::read_volatile(&raw const (*self.ctx).data),
                ptr::read_volatile(&raw const (*self.ctx).data_end),
            )
        };
        (start as usize, end as usize)
    }
}
