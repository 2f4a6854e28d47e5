//! A packet whose headers lie outside its linear part, read by copying.

use core::mem::MaybeUninit;

use port12_common::Frame;

use crate::{opaque::opaque, packet::Obscure};

/// A packet whose bytes a helper of the kernel copies.
pub trait Load {
    /// The number that hides others from the verifier.
    type Zero: Obscure;

    /// Bytes of the packet, in all its buffers.
    fn length(&self) -> usize;

    /// A number that is 0, which the verifier does not know.
    fn zero(&self) -> Self::Zero;

    /// Copies `length` bytes from an offset. False if the packet has fewer.
    ///
    /// # Safety
    ///
    /// `to` has room for `length` bytes.
    unsafe fn load(&self, offset: u32, to: *mut u8, length: u32) -> bool;
}

/// A packet of which the linear part has too few bytes.
pub struct Nonlinear<P>(pub P);

impl<P: Load> Nonlinear<P> {
    /// The `T` at an offset, if the packet has all its bytes.
    #[inline(always)]
    fn copied<T: Copy>(&self, offset: usize) -> Option<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        let (to, length) = (copy.as_mut_ptr().cast(), size_of::<T>() as u32);
        // SAFETY: the buffer has the length that is asked for, and the kernel fills it whole or fails;
        // it is made of integers.
        unsafe { self.0.load(offset as u32, to, length).then(|| copy.assume_init()) }
    }
}

impl<P: Load> Frame for Nonlinear<P> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.0.length()
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
        self.0.zero().obscure(number)
    }

    #[inline(always)]
    fn forget(&self, number: usize) -> usize {
        opaque(number)
    }
}
