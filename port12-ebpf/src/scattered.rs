//! A multi-buffer frame, read by copying.

use core::mem::MaybeUninit;

use aya_ebpf::{helpers::bpf_xdp_load_bytes, programs::XdpContext};
use port12_common::Frame;

/// A frame of which the linear part holds too little.
pub struct Scattered<'a> {
    ctx: &'a XdpContext,
    total: usize,
}

impl<'a> Scattered<'a> {
    /// The frame at hand, of `total` bytes in all its buffers.
    #[inline(always)]
    pub fn new(ctx: &'a XdpContext, total: usize) -> Self {
        Self { ctx, total }
    }
}

impl Frame for Scattered<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.total
    }

    #[inline(always)]
    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]> {
        let mut words = MaybeUninit::<[u16; N]>::uninit();
        // SAFETY: the buffer has the length that is asked for, and the kernel (5.18) fills it
        // whole or fails.
        unsafe {
            let failed = bpf_xdp_load_bytes(
                self.ctx.ctx,
                offset as u32,
                words.as_mut_ptr().cast(),
                size_of::<[u16; N]>() as u32,
            );
            (failed == 0).then(|| words.assume_init())
        }
    }

    /// To the verifier, a length that a helper returned is any number, and so is what lies above
    /// its lower half: nothing.
    #[inline(always)]
    fn obscure(&self, offset: usize) -> usize {
        (offset + (self.total >> 32)) & 0x7fff
    }
}
