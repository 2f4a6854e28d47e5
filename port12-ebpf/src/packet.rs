//! The linear part of a packet, which a program reads directly, and the only bounds check on it.

mod xdp;

use core::{array, hint, marker::PhantomData, ptr};

use port12_common::Frame;

use crate::opaque::opaque;

/// A context of a program over packets.
pub trait Context {
    /// Where the linear part of the packet begins and ends.
    fn bounds(&self) -> (usize, usize);

    /// The same, asked for afresh.
    fn bounds_again(&self) -> (usize, usize);
}

/// Has the kernel's verifier forget how a number was reached: [`Frame::obscure`].
pub trait Obscure: Copy {
    /// The same number, below 32 Ki.
    fn obscure(self, number: usize) -> usize;
}

/// The bytes between `data` and `data_end`.
pub struct Linear<'a, C, Z> {
    start: usize,
    end: usize,
    zero: Z,
    context: PhantomData<&'a C>,
}

impl<'a, C: Context, Z: Obscure> Linear<'a, C, Z> {
    /// The linear part of the frame at hand.
    #[inline(always)]
    pub fn of(ctx: &'a C, zero: Z) -> Self {
        let (start, end) = ctx.bounds();
        Self { start, end, zero, context: PhantomData }
    }

    /// The same, asked for afresh: the verifier knows nothing of it that it learnt before, so that
    /// all the ways that lead here are one.
    #[inline(always)]
    pub fn again(ctx: &'a C, zero: Z) -> Self {
        let (start, end) = ctx.bounds_again();
        Self { start, end, zero, context: PhantomData }
    }
}

impl<C, Z: Obscure> Frame for Linear<'_, C, Z> {
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
        opaque(number)
    }
}
