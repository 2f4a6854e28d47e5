//! The part of a frame that the program can touch, and the only bounds check on it.

use core::{hint::black_box, marker::PhantomData, ptr};

use aya_ebpf::programs::XdpContext;
use port12_common::Frame;

/// The bytes between `data` and `data_end`.
pub struct Linear<'a> {
    start: usize,
    end: usize,
    context: PhantomData<&'a XdpContext>,
}

impl<'a> Linear<'a> {
    /// The linear part of the frame at hand.
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext) -> Self {
        Self { start: ctx.data(), end: ctx.data_end(), context: PhantomData }
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
            return None;
        }
        // SAFETY: the words lie between `data` and `data_end`, which stay mapped while the
        // program runs. Headers start at even offsets; where a driver aligns the frame itself
        // oddly, the BPF load has no alignment to violate.
        Some(unsafe { ptr::read(first as *const [u16; N]) })
    }

    /// To the verifier, the difference of two packet pointers is any number.
    #[inline(always)]
    fn obscure(&self, offset: usize) -> usize {
        (offset + black_box(black_box(self.start) - self.start)) & 0x7fff
    }
}
