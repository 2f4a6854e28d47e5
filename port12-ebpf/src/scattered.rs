//! A multi-buffer frame, read by copying.

use core::mem::MaybeUninit;

use aya_ebpf::{helpers::bpf_xdp_load_bytes, programs::XdpContext};
use port12_common::Frame;

use crate::{linear::Obscure as _, record::Zero, unknown::unknown};

/// A frame of which the linear part holds too little.
pub struct Scattered<'a> {
    ctx: &'a XdpContext,
    total: usize,
    zero: Zero,
}

impl<'a> Scattered<'a> {
    /// The frame at hand, of `total` bytes in all its buffers.
    #[inline(always)]
    pub fn new(ctx: &'a XdpContext, total: usize, zero: Zero) -> Self {
        Self { ctx, total, zero }
    }

    /// What is at an offset, as far as any bytes are a `T`.
    #[inline(always)]
    fn copied<T: Copy>(&self, offset: usize) -> Option<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        // SAFETY: the buffer has the length that is asked for, and the kernel (5.18) fills it
        // whole or fails; it is made of integers.
        unsafe {
            let failed = bpf_xdp_load_bytes(
                self.ctx.ctx,
                offset as u32,
                copy.as_mut_ptr().cast(),
                size_of::<T>() as u32,
            );
            (failed == 0).then(|| copy.assume_init())
        }
    }
}

impl Frame for Scattered<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.total
    }

    #[inline(always)]
    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]> {
        self.copied(offset)
    }

    #[inline(always)]
    fn pairs<const N: usize>(&self, offset: usize) -> Option<[u32; N]> {
        self.copied(offset)
    }

    #[inline(always)]
    fn obscure(&self, number: usize) -> usize {
        self.zero.obscure(number)
    }

    #[inline(always)]
    fn forget(&self, number: usize) -> usize {
        unknown(number)
    }
}
