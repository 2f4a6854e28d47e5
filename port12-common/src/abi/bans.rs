//! Bans, and the evidence for them.

use super::{Budget, SourceAddress};

/// Sources that can be banned at once. The map takes its memory when it is made.
pub const BANNED: usize = 8192;

/// Sources of which evidence is kept at once; whoever has not knocked for longest goes first.
pub const SUSPECTS: usize = 4096;

/// Addresses that are not banned by the program, at most.
pub const PROTECTED: usize = 4096;

/// A ban: the value of the map, by [`SourceAddress`](super::SourceAddress).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Ban {
    /// Jiffies up to which it holds; [`Ban::FOR_EVER`] where it does not end by itself.
    pub until: u64,
    /// Packets that were dropped for it. Counted atomically, by all CPUs.
    pub packets: u64,
    /// Jiffies when it began.
    pub since: u64,
    /// How often the source was banned.
    pub times: u32,
    /// Where it comes from: [`Ban::OPERATOR`] or [`Ban::THRESHOLD`].
    pub origin: u8,
    /// What is dropped: [`Ban::UNASSIGNED`] or [`Ban::ALL`].
    pub scope: u8,
    /// Zero.
    pub reserved: u16,
}

impl Ban {
    /// No end: jiffies get there 58 million years from boot.
    pub const FOR_EVER: u64 = u64::MAX;

    /// Of [`Ban::origin`]: `port12 ban`.
    pub const OPERATOR: u8 = 1;

    /// Of [`Ban::origin`]: the program, of a source that knocked as often as the policy takes.
    pub const THRESHOLD: u8 = 2;

    /// Of [`Ban::scope`]: what would be a probe.
    pub const UNASSIGNED: u8 = 0;

    /// Of [`Ban::scope`]: everything except established TCP connections, connected UDP sockets, ARP, neighbour
    /// discovery, DHCP, later fragments, ICMP errors and unreadable packets. It needs a program that looks for it:
    /// [`program::FRAGS_ALL`](super::program::FRAGS_ALL).
    pub const ALL: u8 = 1;

    /// Whether it is in force, at a time in jiffies.
    #[inline(always)]
    pub const fn holds(&self, now: u64) -> bool {
        now < self.until
    }
}

/// What speaks against a source: the value of the map, by [`SourceAddress`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Evidence {
    /// Weight of its probes in the window, and since its last ban, in tenths of a probe. Added atomically, by all CPUs.
    pub weight: u64,
    /// Jiffies when the window began.
    pub since: u64,
    /// How often the program has banned it.
    pub times: u64,
}

impl Evidence {
    /// Weight of a probe.
    pub const PROBE: u64 = 10;

    /// Weight of the first datagram to a port that looks like a server's [answer](crate::is_answer). Late answers and
    /// reflected floods reach few ports; forged answers to many are a scan.
    pub const ANSWER: u64 = 1;
}

/// What a CPU bans, and what came of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Banning {
    /// For sources of which there is no evidence yet: a flood of forged ones spends this, and no time.
    pub newcomers: Budget,
    /// Weight within a window that a source is banned at, as [`Evidence::weight`]; user space sets it, and 0 bans nobody.
    pub after: u64,
    /// Jiffies of a source's first ban; each further one takes twice as long.
    pub term: u64,
    /// Jiffies of a ban at most.
    pub longest: u64,
    /// Jiffies of a window.
    pub window: u64,
    /// The heartbeat: jiffies up to which an address that is not in the map of the protected is none.
    pub protected_until: u64,
    /// Sources that were banned.
    pub banned: u64,
    /// Probes of sources without evidence for which there was no budget.
    pub overlooked: u64,
    /// Probes at which a source would have been banned that is protected, or may be.
    pub spared: u64,
    /// Bans for which there was no room.
    pub refused: u64,
    /// Who is looked at, in memory of the CPU's own; see [`Pending`](super::Pending).
    pub suspect: SourceAddress,
    /// Weight of its probe.
    pub weight: u64,
}

const _: () = {
    assert!(size_of::<Ban>() == 32);
    assert!(size_of::<Evidence>() == 24);
    assert!(size_of::<Banning>() == 128);
};
