//! What the program counts.

use super::{Banning, PORTS, SourceTable, Tally, Telling, Touches, VlanQuery};
use crate::{Malformed, Outcome, Shape, TooDeep, Transport};

/// One transport's port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct PortCounters {
    /// [Probes](Outcome::Probe) that passed.
    pub passed: Tally,
    /// Probes that were [dropped](Outcome::Dropped).
    pub dropped: Tally,
    /// Conversation starts that a local socket was there for, which are no probes.
    pub local_socket: u64,
    /// Jiffies of the last probe or conversation start with a local socket; 0 before the first.
    pub last_seen: u64,
}

impl PortCounters {
    /// All probes, dropped ones included.
    pub fn probes(&self) -> Tally {
        let mut probes = self.passed;
        probes += self.dropped;
        probes
    }
}

/// Everything one CPU counts. Each CPU writes its own element alone; readers sum.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct CpuCounters {
    /// By [`Outcome`], but for probes that passed or were dropped, which are counted by port alone;
    /// the last two elements are padding that keeps the index a mask.
    pub outcomes: [Tally; 16],
    /// Frames by [`Malformed`] reason.
    pub reasons: [u64; 16],
    /// Probes, dropped ones included, by [`Shape`].
    pub shapes: [u64; 16],
    /// Frames by [`TooDeep`] reason: those that passed, and those that were dropped.
    pub too_deep: [[u64; 2]; 4],
    /// By [`Transport`] and port.
    pub ports: [[PortCounters; PORTS]; Transport::ALL.len()],
    /// Which ports the sets of the sources tell apart.
    pub touches: Touches,
    /// What is told of single probes.
    pub telling: Telling,
    /// Who is banned for it.
    pub banning: Banning,
    /// VLAN tags that are looked up.
    pub vlan_query: VlanQuery,
    /// Who knocks.
    pub sources: SourceTable,
}

const _: () = {
    assert!(Outcome::ALL.len() <= 16);
    assert!(Malformed::ALL.len() <= 16);
    assert!(Shape::ALL.len() <= 16);
    assert!(TooDeep::ALL.len() <= 4);
    assert!(size_of::<PortCounters>() == 48);
    assert!(
        size_of::<CpuCounters>()
            == 256
                + 128
                + 128
                + 64
                + Transport::ALL.len() * PORTS * (48 + 2)
                + size_of::<Telling>()
                + size_of::<Banning>()
                + size_of::<VlanQuery>()
                + size_of::<SourceTable>()
    );
};

/// The kernel's clocks, read together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Clock {
    /// `bpf_jiffies64`.
    pub jiffies: u64,
    /// Nanoseconds since boot, suspend included: `bpf_ktime_get_boot_ns` (kernel 5.8).
    pub boot_ns: u64,
    /// The time that a replayed program goes by, in jiffies; user space writes it.
    pub replayed: u64,
}
