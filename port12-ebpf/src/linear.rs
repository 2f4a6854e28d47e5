//! The part of a frame that the program can touch, and the only bounds check on it.

use core::{array, hint, marker::PhantomData, ptr};

use aya_ebpf::programs::XdpContext;
use port12_common::Frame;

use crate::{record::Zero, unknown::unknown};

/// The bytes between `data` and `data_end`.
pub struct Linear<'a> {
    start: usize,
    end: usize,
    zero: Zero,
    context: PhantomData<&'a XdpContext>,
}

impl<'a> Linear<'a> {
    /// The linear part of the frame at hand.
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext, zero: Zero) -> Self {
        Self { start: ctx.data(), end: ctx.data_end(), zero, context: PhantomData }
    }

    /// The same, asked for afresh: the verifier knows nothing of it that it learnt before, so that
    /// all the ways that lead here are one.
    #[inline(always)]
    pub fn again(ctx: &'a XdpContext, zero: Zero) -> Self {
        // SAFETY: the context is that of the running program.
        let (start, end) = unsafe {
            (
                ptr::read_volatile(&raw const (*ctx.ctx).data),
                ptr::read_volatile(&raw const (*ctx.ctx).data_end),
            )
        };
        Self { start: start as usize, end: end as usize, zero, context: PhantomData }
    }
}

impl Frame for Linear<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.end - self.start
    }

    #[inline(always)]
    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]> {
        let first = self.start + offset;
        if first + 2 * N > self.end {
            hint::cold_path();
            return None;
        }
        // Word by word: a whole array of 8 bytes would become one number that is built of four
        // loads, of which the parser needs two.
        Some(array::from_fn(|index| {
            // SAFETY: the words lie between `data` and `data_end`, which stay mapped while the
            // program runs. Headers start at even offsets; where a driver aligns the frame itself
            // oddly, the BPF load has no alignment to violate.
            unsafe { ptr::read((first + 2 * index) as *const u16) }
        }))
    }

    #[inline(always)]
    fn pairs<const N: usize>(&self, offset: usize) -> Option<[u32; N]> {
        let first = self.start + offset;
        if first + 4 * N > self.end {
            hint::cold_path();
            return None;
        }
        Some(array::from_fn(|index| {
            // SAFETY: as above. With an Ethernet header drivers align what follows it to 4 bytes
            // (`NET_IP_ALIGN`) where the machine wants it.
            unsafe { ptr::read((first + 4 * index) as *const u32) }
        }))
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
