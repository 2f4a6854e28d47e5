//! What is told of single probes: a record in a ring buffer, within a budget.

use super::{Budget, SourceAddress};
use crate::{Outcome, Shape, Transport};

/// Bytes of the frame in a record, at most.
pub const EVENT_FRAME: usize = 256;

/// The bytes of the ring buffer: some 6,700 records.
pub const EVENT_RING: usize = 2 << 20;

/// What became of a knock with its source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Known {
    /// The source has touched the port before, and something was told of it not long ago.
    Repeats = 0,
    /// The source has touched the port before, and nothing was told of it for a while.
    GoesOn = 1,
    /// The source touches the port for the first time since it has its slot.
    First = 2,
    /// As [`Known::GoesOn`], of a [newcomer](Known::is_newcomer).
    NewGoesOn = 3,
    /// As [`Known::First`], of a [newcomer](Known::is_newcomer); it may have got its slot now.
    New = 4,
    /// The source has no slot, and was given none.
    Refused = 5,
}

impl Known {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Repeats, Self::GoesOn, Self::First, Self::NewGoesOn, Self::New, Self::Refused];

    /// Probes after which a source that keeps its slot is no newcomer any longer. Whoever forges addresses has to win a
    /// slot for each, and to send as many from it.
    pub const PROBES_OF_A_NEWCOMER: u64 = 8;

    /// Whether little is known of the source: one of a flood of forged ones, or not.
    #[inline(always)]
    pub const fn is_newcomer(self) -> bool {
        matches!(self, Self::NewGoesOn | Self::New | Self::Refused)
    }

    /// Whether the port was touched for the first time, as far as anybody knows.
    pub const fn is_first_touch(self) -> bool {
        matches!(self, Self::First | Self::New | Self::Refused)
    }

    /// That of a byte in a record.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// What a probe was, in one word: a register, on the way to where it is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Label(u64);

impl Label {
    /// Of a probe.
    #[inline(always)]
    pub const fn new(
        outcome: Outcome,
        transport: Transport,
        shape: Shape,
        (source_port, port): (u16, u16),
    ) -> Self {
        let kind = outcome as u64 | (transport as u64) << 8 | (shape as u64) << 16;
        Self(kind | (port as u64) << 32 | (source_port as u64) << 48)
    }

    /// With what became of it.
    #[inline(always)]
    pub const fn known(self, known: u64) -> Self {
        Self(self.0 | known << 24)
    }

    /// The outcome; `None` for a byte that is none.
    pub fn outcome(self) -> Option<Outcome> {
        Outcome::ALL.get(usize::from(self.0 as u8)).copied()
    }

    /// The transport; `None` for a byte that is none.
    pub fn transport(self) -> Option<Transport> {
        Transport::ALL.get(usize::from((self.0 >> 8) as u8)).copied()
    }

    /// How the conversation starts; `None` for a byte that is none.
    pub fn shape(self) -> Option<Shape> {
        Shape::ALL.get(usize::from((self.0 >> 16) as u8)).copied()
    }

    /// What became of it; `None` for a byte that is none.
    pub fn what_is_known(self) -> Option<Known> {
        Known::from_byte((self.0 >> 24) as u8)
    }

    /// Whether its source is a newcomer.
    #[inline(always)]
    pub const fn is_newcomer(self) -> bool {
        (self.0 >> 24) as u8 >= Known::NewGoesOn as u8
    }

    /// The destination port.
    pub const fn port(self) -> u16 {
        (self.0 >> 32) as u16
    }

    /// The source port.
    pub const fn source_port(self) -> u16 {
        (self.0 >> 48) as u16
    }
}

/// A record.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct EventRecord {
    /// Nanoseconds since boot, suspend included: `bpf_ktime_get_boot_ns` (kernel 5.8).
    pub boot_ns: u64,
    /// Where the packet says it comes from.
    pub source: SourceAddress,
    /// What the probe was.
    pub label: Label,
    /// Bytes of the whole frame.
    pub length: u32,
    /// The interface's index.
    pub interface: u32,
    /// How many bytes of `frame` are the frame's.
    pub captured: u32,
    /// Zero.
    pub reserved: u32,
    /// The first bytes of the frame.
    pub frame: [u8; EVENT_FRAME],
}

/// What a CPU tells, and what became of it. Of all events that were due, each is in one of the three sums.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Telling {
    /// For sources that have sent for a while: whoever scans.
    pub known: Budget,
    /// For [newcomers](Known::is_newcomer): a flood of forged ones spends this, and leaves the other.
    pub newcomers: Budget,
    /// Events that were put into the ring buffer.
    pub told: u64,
    /// Events for which there was no budget.
    pub suppressed: u64,
    /// Events for which there was no room in the ring buffer.
    pub lost: u64,
    /// What is on its way into the ring buffer.
    pub pending: Pending,
    /// Zero.
    pub reserved: u64,
}

/// A probe that is to be told, in memory of the CPU's own: of what comes from there, the kernel's verifier
/// knows nothing, and walks the way from there on once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Pending {
    /// Where the packet says it comes from.
    pub source: SourceAddress,
    /// What the probe was.
    pub label: Label,
    /// Bytes of the whole frame.
    pub length: u64,
}

const _: () = {
    assert!(size_of::<EventRecord>() == 304);
    assert!(size_of::<Telling>() == 128);
};
