//! A packet whose headers lie outside of its linear part, read by copying.

use core::mem::MaybeUninit;

use port12_common::Frame;

use crate::{linear::Obscure as _, packet::Packet, unknown::unknown};

/// A packet of which the linear part holds too little.
pub struct Scattered {
    packet: Packet,
}

impl Scattered {
    /// The packet at hand.
    #[inline(always)]
    pub fn of(packet: &Packet) -> Self {
        Self { packet: *packet }
    }

    /// What is at an offset, as far as any bytes are a `T`.
    #[inline(always)]
    fn copied<T: Copy>(&self, offset: usize) -> Option<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        let (to, length) = (copy.as_mut_ptr().cast(), size_of::<T>() as u32);
        // SAFETY: the buffer has the length that is asked for, and the kernel fills it whole or fails;
        // it is made of integers.
        unsafe { self.packet.copy(offset as u32, to, length).then(|| copy.assume_init()) }
    }
}

impl Frame for Scattered {
    #[inline(always)]
    fn length(&self) -> usize {
        self.packet.length() as usize
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
        self.packet.zero().obscure(number)
    }

    #[inline(always)]
    fn forget(&self, number: usize) -> usize {
        unknown(number)
    }
}
