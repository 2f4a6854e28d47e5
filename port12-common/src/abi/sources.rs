//! Who knocks: a table of sources whose cost does not grow with their number.
//!
//! Each CPU has its own. An address has two slots, one beside the other, and no other place. Where both are
//! taken by others, it is admitted in place of the one that weighs less, with a probability of one to
//! that weight and one more (random admission: Ben Basat et al., "Randomized Admission Policy for
//! Efficient Top-k and Frequency Estimation", 2017): a flood of addresses that come once does not push
//! out those that come often, and those that come often get in. What is counted for a source is what
//! was seen of it since it was admitted last, and nothing else: what a newcomer inherits is weight, which
//! is halved with time.

use super::{Inspection, Known, Label, PORTS, SourceAddress, Tally};
use crate::Transport;

/// Slots of a CPU.
pub const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 12;

/// Registers that estimate the number of sources, with a standard error of 1.04 / sqrt(4096) = 1.6 %
/// (Flajolet et al., "HyperLogLog", 2007).
pub const REGISTERS: usize = 4096;

/// Bits of a source's set of ports.
pub const TOUCHES: usize = 1024;

/// The first bit that stands for one port of one transport. Bit 0 is that of ports of which nobody has
/// said which bit is theirs; the bits from 1 on stand for all further ports of a [`Transport`] each.
pub const FIRST_TOUCH: u16 = 1 + Transport::ALL.len() as u16;

/// A probe, as far as its source is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    /// Where the packet says it comes from.
    pub source: SourceAddress,
    /// What [`Touches`] says of its transport and port.
    pub bit: u16,
    /// The bytes of its frame: below 16 MiB.
    pub bytes: u64,
    /// Jiffies.
    pub now: u64,
    /// What the probe was.
    pub label: Label,
    /// Headers that decide its weight as evidence for a ban.
    pub inspection: Inspection,
}

/// One source. All zero is an empty slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Source {
    /// Where the packets say they come from.
    pub address: SourceAddress,
    /// Probes since it was admitted, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Jiffies when it was admitted; 0 in an empty slot, and while the slot is given to another.
    pub first_seen: u64,
    /// Jiffies of its last probe.
    pub last_seen: u64,
    /// What another has to outweigh, when it was seen last: its packets, each half as much after every
    /// half-life, and what it inherited, of which nobody has seen a packet.
    pub weight: u64,
    /// One more than the only bit that it has touched, or [`Source::MANY`]; 0 before the first.
    pub only: u32,
    /// The lower half of the jiffies when something was told of it last.
    pub told: u32,
}

/// What a source has touched: bits by what [`Touches`] says.
pub type Touched = [u64; TOUCHES / 64];

impl Source {
    /// An empty slot.
    pub const EMPTY: Self = Self {
        address: SourceAddress::NONE,
        packets: 0,
        bytes: 0,
        first_seen: 0,
        last_seen: 0,
        weight: 0,
        only: 0,
        told: 0,
    };

    #[inline(always)]
    fn is(&self, address: SourceAddress) -> bool {
        self.address.low == address.low && self.address.high == address.high
    }

    /// Of [`Source::only`]: it has touched several.
    pub const MANY: u32 = u32::MAX;

    /// Whether it has touched what a bit stands for; `touched` is what stands in its place.
    pub fn has_touched(&self, touched: &Touched, bit: u16) -> bool {
        match self.only {
            Self::MANY => touched[usize::from(bit) / 64] >> (bit % 64) & 1 == 1,
            only => only == u32::from(bit) + 1,
        }
    }

    #[inline(always)]
    fn count<'a>(
        &mut self,
        touched: impl FnOnce() -> &'a mut Touched,
        knock: &Knock,
        half_life: u64,
        again: u32,
    ) -> Known {
        self.packets += 1;
        self.bytes += knock.bytes;
        self.weight = self.weight(knock.now, half_life) + 1;
        self.last_seen = knock.now;
        let known = if self.only == u32::from(knock.bit) + 1 {
            Known::Repeats
        } else {
            self.touch(touched(), knock.bit)
        };
        let now = knock.now as u32;
        if known == Known::Repeats && (again == 0 || now.wrapping_sub(self.told) < again) {
            return Known::Repeats;
        }
        self.told = now;
        let is_newcomer = self.packets <= Known::PROBES_OF_A_NEWCOMER;
        match (known, is_newcomer) {
            (Known::Repeats, false) => Known::GoesOn,
            (Known::Repeats, true) => Known::NewGoesOn,
            (_, false) => Known::First,
            (_, true) => Known::New,
        }
    }

    /// Takes note of another port than the only one, if there is an only one.
    #[inline(always)]
    fn touch(&mut self, touched: &mut Touched, bit: u16) -> Known {
        match self.only {
            0 => {
                self.only = u32::from(bit) + 1;
                return Known::First;
            }
            Self::MANY => {}
            _ => self.spread(touched),
        }
        let touched = &mut touched[usize::from(bit) / 64 % (TOUCHES / 64)];
        let bit = 1 << (bit % 64);
        let known = if *touched & bit == 0 { Known::First } else { Known::Repeats };
        *touched |= bit;
        known
    }

    /// From the only port to a set of them.
    #[inline(never)]
    fn spread(&mut self, touched: &mut Touched) {
        // Word by word: LLVM's BPF backend calls a function to fill as much as this.
        for word in &mut *touched {
            // SAFETY: it is borrowed.
            unsafe { (&raw mut *word).write_volatile(0) };
        }
        let bit = self.only - 1;
        touched[bit as usize / 64 % (TOUCHES / 64)] = 1 << (bit % 64);
        // SAFETY: as above. Last, for who reads along.
        unsafe { (&raw mut self.only).write_volatile(Self::MANY) };
    }

    /// Gives the slot to a source of which nothing is counted yet. Who reads along sees 0 for the time of admission
    /// meanwhile.
    #[inline(always)]
    fn give(&mut self, address: SourceAddress, now: u64, weight: u64) {
        let first_seen = &raw mut self.first_seen;
        // SAFETY: the field is borrowed.
        unsafe { first_seen.write_volatile(0) };
        // Field by field: LLVM's BPF backend copies no memory that is aligned to 64 bytes.
        self.address.high = address.high;
        self.address.low = address.low;
        self.packets = 0;
        self.bytes = 0;
        self.weight = weight;
        self.last_seen = now;
        self.only = 0;
        // SAFETY: as above.
        unsafe { (&raw mut self.first_seen).write_volatile(now | u64::from(now == 0)) };
    }

    /// What another has to outweigh. Halved for the time since it was seen last: whoever wants to keep a
    /// slot has to keep sending, and whoever sent much is not forgotten at once.
    #[inline(always)]
    fn weight(&self, now: u64, half_life: u64) -> u64 {
        let halvings = now.wrapping_sub(self.last_seen) >> (10 + (half_life & 31));
        self.weight >> if halvings > 63 { 63 } else { halvings }
    }
}

/// All bits where one number is less than another, and none where it is not; both below 2^63. Without a
/// branch, like all of [`SourceTable::admit`]: the kernel's verifier walks both ways from each, times the
/// ways from the next.
#[inline(always)]
const fn is_less(one: u64, other: u64) -> u64 {
    (one.wrapping_sub(other) as i64 >> 63) as u64
}

/// The sources that one CPU has seen knocking.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct SourceTable {
    /// The multiplier of the hash; user space chooses it at random, so that nobody who sends can
    /// know who shares its slots.
    pub seed: u64,
    /// The time in which what a source weighs is halved: 1,024 jiffies, doubled so many times.
    pub half_life: u64,
    /// The state of the random number generator; user space chooses where it begins.
    pub random: u64,
    /// Sources that lost their slot to another.
    pub evictions: u64,
    /// The probes that had been counted for them.
    pub evicted: Tally,
    /// Probes of sources that were given no slot.
    pub refused: Tally,
    /// For the estimate of the number of sources: by one part of their hash, the longest run of zeros
    /// in the rest of it, and one.
    pub registers: [u8; REGISTERS],
    /// By hash; those of an even number and the next are a pair.
    pub slots: [Source; SLOTS],
    /// What each of them has touched, once that is more than one port; what is here before is another's. Most
    /// sources of a flood touch one port: the rest is out of the way of those lines of the cache, and pages,
    /// that every probe needs.
    pub touched: [Touched; SLOTS],
}

impl SourceTable {
    /// Counts a knock. `again` is the time, in jiffies, after which a source that goes on is told of again.
    #[inline(always)]
    pub fn record(&mut self, knock: &Knock, again: u32) -> Known {
        let (hash, half_life) = (knock.source.hash(self.seed), self.half_life);
        let mut at = place(hash);
        // Nearly always it is the first: the CPU foresees that.
        if !self.slots[at].is(knock.source) {
            at ^= 1;
            if !self.slots[at].is(knock.source) {
                at = self.admit(knock.source.high, knock.source.low, hash, knock.now) as usize;
            }
        }
        let Some(slot) = self.slots.get_mut(at) else {
            self.refused.packets += 1;
            self.refused.bytes += knock.bytes;
            return Known::Refused;
        };
        slot.count(|| &mut self.touched[at], knock, half_life, again)
    }

    /// Gives a source one of its slots, and returns which; or [`SLOTS`], where it does not.
    /// Out of line, with arguments that fit into registers.
    #[inline(never)]
    fn admit(&mut self, high: u64, low: u64, hash: u64, now: u64) -> u64 {
        let source = SourceAddress { high, low };
        self.estimate(hash);
        let at = place(hash);
        let half_life = self.half_life;
        let weigh = |at: usize| self.slots[at].weight(now, half_life);
        let (even, odd) = (weigh(at & !1), weigh(at | 1));
        // Of two that weigh the same, the even one, unless they are empty: the odd one is where those stay that
        // come often. (Of those of 64, 128, ..., it may be either: the shift goes by the lower bits.)
        let takes_odd = is_less(odd, even + (at as u64 & 1).wrapping_shr(even as u32));
        let random = next(self.random);
        self.random = random;
        let weight = even ^ ((even ^ odd) & takes_odd);
        // One of `weight + 1` numbers; a weight of 0 has no other.
        if (random >> 32).wrapping_mul(weight + 1) >> 32 != 0 {
            return SLOTS as u64;
        }
        let odd = (takes_odd & 1) as usize;
        // Not a sum: the compiler makes an `or` of it, of which the verifier (kernel 6.1) learns no bound.
        let slot = &mut self.slots.as_chunks_mut::<2>().0[at / 2][odd];
        self.evictions += is_less(0, slot.packets) & 1;
        self.evicted.packets += slot.packets;
        self.evicted.bytes += slot.bytes;
        slot.give(source, now, weight);
        (at & !1 | odd) as u64
    }

    /// Takes a source into account whose hash this is.
    #[inline(always)]
    fn estimate(&mut self, hash: u64) {
        // The hash is good in its upper bits alone.
        let mut mixed = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^= mixed >> 33;
        let register = &mut self.registers[mixed as usize % REGISTERS];
        let run = 1 + u64::from((mixed >> 12 | 1 << 52).trailing_zeros());
        let less = is_less((*register).into(), run);
        *register ^= ((u64::from(*register) ^ run) & less) as u8;
    }
}

/// The first of the two slots of an address, by its hash; the other is its neighbour in the pair.
#[inline(always)]
const fn place(hash: u64) -> usize {
    (hash >> (64 - SLOT_BITS)) as usize
}

/// Marsaglia's xorshift: who sends frames does not see its numbers. Where nobody has chosen a
/// beginning, it stays 0, and every source is admitted.
#[inline(always)]
fn next(state: u64) -> u64 {
    let mut state = state ^ state << 13;
    state ^= state >> 7;
    state ^ state << 17
}

/// Which bit of a source's set stands for a port, by [`Transport`] and port. User space writes it, the
/// same for each CPU, and never gives a bit to another pair; see [`FIRST_TOUCH`].
#[derive(Clone, Copy)]
#[repr(transparent)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Touches(pub [[u16; PORTS]; Transport::ALL.len()]);

impl Touches {
    /// As the kernel makes it: nobody has said anything.
    pub const NONE: Self = Self([[0; PORTS]; Transport::ALL.len()]);

    /// The bit of a well-known port.
    #[inline(always)]
    pub fn bit(&self, transport: Transport, port: u16) -> u16 {
        self.0[transport as usize][usize::from(port) & (PORTS - 1)]
    }
}

const _: () = {
    assert!(size_of::<Source>() == 64);
    assert!(size_of::<SourceTable>() == 64 + REGISTERS + SLOTS * (64 + size_of::<Touched>()));
};
