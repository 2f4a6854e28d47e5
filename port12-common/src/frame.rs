//! The one way in which the parser touches packet bytes.

/// A received frame, read in 16-bit words: every header field of every format that port12
/// parses starts at an even offset. Addresses are read in 32 bits.
pub trait Frame {
    /// Bytes that can be read, from the first byte of the frame.
    fn length(&self) -> usize;

    /// The `N` words at byte `offset`, in network byte order, or `None` where the frame ends
    /// before the last of them.
    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]>;

    /// The `N` pairs of words at byte `offset`, as they are in memory, or `None` where the frame
    /// ends before the last of them.
    fn pairs<const N: usize>(&self, offset: usize) -> Option<[u32; N]>;

    /// The same number, below 32 Ki, without a trace of how it was reached. The kernel's verifier
    /// walks every path through a program, and two paths become one only where it knows the same
    /// of both: this is what keeps tags and extension headers from multiplying. Anywhere else it
    /// does nothing.
    #[inline(always)]
    fn obscure(&self, number: usize) -> usize {
        number
    }

    /// The same number, of which the kernel program's compiler knows nothing any longer.
    #[inline(always)]
    fn forget(&self, number: usize) -> usize {
        number
    }
}

impl Frame for &[u8] {
    fn length(&self) -> usize {
        self.len()
    }

    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]> {
        let bytes = self.get(offset..)?.get(..2 * N)?;
        let mut words = [0; N];
        for (word, pair) in words.iter_mut().zip(bytes.chunks_exact(2)) {
            *word = u16::from_ne_bytes([pair[0], pair[1]]);
        }
        Some(words)
    }

    fn pairs<const N: usize>(&self, offset: usize) -> Option<[u32; N]> {
        let bytes = self.get(offset..)?.get(..4 * N)?;
        let mut pairs = [0; N];
        for (pair, quad) in pairs.iter_mut().zip(bytes.chunks_exact(4)) {
            *pair = u32::from_ne_bytes([quad[0], quad[1], quad[2], quad[3]]);
        }
        Some(pairs)
    }
}

/// The byte at the even offset of a word in network byte order.
#[inline(always)]
pub(crate) const fn first(word: u16) -> u8 {
    (u16::from_be(word) >> 8) as u8
}

/// The byte at the odd offset of a word in network byte order.
#[inline(always)]
pub(crate) const fn second(word: u16) -> u8 {
    u16::from_be(word) as u8
}
