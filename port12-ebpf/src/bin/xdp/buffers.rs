//! The buffers of an XDP program's frame (kernel 5.18).

use aya_ebpf::{
    helpers::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes},
    programs::XdpContext,
};
use port12_ebpf::nonlinear::{Load, Nonlinear};

use crate::counters::Zero;

/// All buffers of a frame, and their length together.
pub struct Buffers<'a> {
    ctx: &'a XdpContext,
    total: usize,
    zero: Zero,
}

impl<'a> Buffers<'a> {
    /// The frame at hand, of `total` bytes in all its buffers.
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext, total: usize, zero: Zero) -> Nonlinear<Self> {
        Nonlinear(Self { ctx, total, zero })
    }
}

impl Load for Buffers<'_> {
    type Zero = Zero;

    #[inline(always)]
    fn length(&self) -> usize {
        self.total
    }

    #[inline(always)]
    fn zero(&self) -> Zero {
        self.zero
    }

    #[inline(always)]
    unsafe fn load(&self, offset: u32, to: *mut u8, length: u32) -> bool {
        // SAFETY: the context is that of the running program, and the caller says that the bytes fit.
        unsafe { bpf_xdp_load_bytes(self.ctx.ctx, offset, to.cast(), length) == 0 }
    }
}

/// The bytes of a frame in all its buffers.
#[inline(always)]
pub fn length(ctx: &XdpContext) -> usize {
    // SAFETY: the context is that of the running program.
    unsafe { bpf_xdp_get_buff_len(ctx.ctx) as usize }
}
