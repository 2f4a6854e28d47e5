//! Rate limit of events: a bucket of tokens that fills with the jiffies.

/// Fractions of an event in the numbers of a [`Budget`].
pub const EVENT: u64 = 1 << 16;

/// A bucket of tokens, each of which pays for one event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Budget {
    /// What is in it, in parts of an [`EVENT`].
    pub tokens: u64,
    /// Jiffies when it was filled last.
    pub filled: u64,
    /// What comes in with each jiffy, in the same parts; user space says how much, and 0 is nothing.
    pub rate: u64,
    /// What it holds, in the same parts, below 2^32.
    pub burst: u64,
}

impl Budget {
    /// Takes an event out, where there is one. `now` is in jiffies.
    #[inline(always)]
    pub fn spend(&mut self, now: u64) -> bool {
        // No more than a bucketful: the product stays below 2^64.
        let passed = now.wrapping_sub(self.filled).min(1 << 20);
        let tokens = (self.tokens + passed * self.rate).min(self.burst);
        self.filled = now;
        let spends = tokens >= EVENT;
        self.tokens = if spends { tokens - EVENT } else { tokens };
        spends
    }

    /// Whether it is known to be empty without a look at what has come in: in one jiffy, a flood asks
    /// thousands of times.
    #[inline(always)]
    pub const fn is_spent(&self, now: u64) -> bool {
        self.filled == now && self.tokens < EVENT
    }
}
