//! The maps of the kernel object: their names, their values, their layout.
//!
//! Every value is plain old data with fixed-width fields; the layout is part of the contract
//! with pinned state and is locked by [`VERSION`] and the assertions below.

mod address;
mod bans;
mod binds;
mod budget;
mod counters;
mod events;
mod host;
mod inspection;
mod membership;
mod outbound;
mod policy;
mod sources;
mod state;
mod tally;
mod vlans;

pub use address::SourceAddress;
pub use bans::{BANNED, Ban, Banning, Evidence, PROTECTED, SUSPECTS};
pub use binds::{BIND_RING, BindRecord, HEARERS, Hearing, bind_map, bind_program};
pub use budget::{Budget, EVENT};
pub use counters::{Clock, CpuCounters, PortCounters};
pub use events::{EVENT_FRAME, EVENT_RING, EventRecord, Known, Label, Pending, Telling};
pub use host::{HostTable, Local, Prefix4, Prefix6, Sockets};
pub use inspection::Inspection;
pub use membership::Membership;
pub use outbound::{
    CONTACTS, Contact, OUTBOUND_PORTS, OUTBOUND_RING, OutboundPort, OutboundRecord, OutboundState,
    OutboundTally, OutboundTelling, PROCESS_NAME,
};
pub use policy::{Action, Gate, Policy, Rule, TransitPolicy, bypass, origin};
pub use sources::{
    FIRST_TOUCH, Knock, REGISTERS, SLOTS, Source, SourceTable, TOUCHES, Touched, Touches,
};
pub use state::{ExpectedPorts, Header, State};
pub use tally::Tally;
pub use vlans::{VlanQuery, Vlans};

/// The layout version of every map.
pub const VERSION: u32 = 7;

/// The layout version before it. User space copies its maps into new ones.
pub const OLDER_VERSION: u32 = 6;

/// Well-known ports: 0 to 1023 (RFC 6335 section 6).
pub const PORTS: usize = 1024;

/// Prefixes that each allowlist takes. A trie takes its memory prefix by prefix.
pub const ALLOWED: usize = 1 << 18;

/// Names of the maps in the object, at most 15 characters each.
pub mod map {
    /// `Array<CpuCounters>`, one element per possible CPU.
    pub const COUNTERS: &str = "COUNTERS";
    /// `Array<State>`, one element.
    pub const STATE: &str = "STATE";
    /// `LpmTrie<u32, u8>`: the IPv4 sources that are never dropped.
    pub const ALLOW_V4: &str = "ALLOW_V4";
    /// `LpmTrie<[u32; 4], u8>`: the IPv6 sources that are never dropped.
    pub const ALLOW_V6: &str = "ALLOW_V6";
    /// `HashMap<SourceAddress, Ban>`: the sources that are banned.
    pub const BANS: &str = "BANS";
    /// `LruHashMap<SourceAddress, Evidence>`: the sources that knock, where a policy bans them.
    pub const EVIDENCE: &str = "EVIDENCE";
    /// `HashMap<SourceAddress, u64>`: the addresses that the program does not ban.
    pub const PROTECTED: &str = "PROTECTED";
    /// A ring buffer of [`EventRecord`](super::EventRecord).
    pub const EVENTS: &str = "EVENTS";
    /// `Array<Clock>`, one element.
    pub const CLOCK: &str = "CLOCK";
    /// Of the object for packets that leave: `Array<OutboundState>`, one element.
    pub const OUT_STATE: &str = "OUT_STATE";
    /// Of that object: `Array<OutboundTelling>`, one element per possible CPU.
    pub const OUT_TELLING: &str = "OUT_TELLING";
    /// Of that object: `HashMap<OutboundPort, OutboundTally>`.
    pub const OUT_PORTS: &str = "OUT_PORTS";
    /// Of that object: `LruHashMap<Contact, u64>`, when each was told of last, in nanoseconds since boot.
    pub const OUT_CONTACTS: &str = "OUT_CONTACTS";
    /// Of that object: a ring buffer of [`OutboundRecord`](super::OutboundRecord).
    pub const OUT_EVENTS: &str = "OUT_EVENTS";
}

/// Names of the load-time constants in the object. Unpatched, the program takes Ethernet frames.
pub mod constant {
    /// `u8`: a [`Layer`](crate::Layer).
    pub const LINK_LAYER: &str = "LINK_LAYER";
    /// `u8`: 1 takes the time from [`Clock::replayed`](super::Clock) and never looks up a socket.
    pub const REPLAY: &str = "REPLAY";
    /// `u8`: 0 keeps no record of who knocks; 1 unless it is patched.
    pub const SOURCES: &str = "SOURCES";
    /// `u32`: jiffies after which a source that goes on is told of again; 0, unless it is patched, tells
    /// nothing at all.
    pub const TELL_AGAIN: &str = "TELL_AGAIN";
    /// Of the object for packets that leave, `u64`: nanoseconds after which a contact is told of again; 0, unless
    /// it is patched, tells nothing.
    pub const OUT_AGAIN: &str = "OUT_AGAIN";
    /// Of that object, `u8`: 1 asks the kernel which process is running (kernel 6.10), 2 also what it calls itself
    /// (kernel 6.16); 0 unless it is patched.
    pub const OUT_PROCESS: &str = "OUT_PROCESS";
    /// Of that object, `u64`: the cookie of the network namespace whose sockets are the host's own (kernel 6.18 tells
    /// them, 6.1 does not); 0,
    /// unless it is patched, goes by [`OutboundState::addresses`](super::OutboundState::addresses).
    pub const OUT_NAMESPACE: &str = "OUT_NAMESPACE";
}

/// Names of the programs in the object.
pub mod program {
    /// The multi-buffer entry point, section `xdp.frags` (kernel 5.18).
    pub const FRAGS: &str = "port12_frags";
    /// The entry point for older kernels, section `xdp`.
    pub const LINEAR: &str = "port12";
    /// As [`FRAGS`], and looks for the source of every packet among the bans while there are any, for those of scope
    /// [`Ban::ALL`](super::Ban::ALL).
    pub const FRAGS_ALL: &str = "port12_allfrags";
    /// As [`FRAGS_ALL`], for older kernels.
    pub const LINEAR_ALL: &str = "port12_all";
    /// Writes [`Clock`](super::Clock); user space runs it, nothing attaches it.
    pub const CLOCK: &str = "port12_clock";
    /// Of the object for packets that leave: takes Ethernet frames.
    pub const EGRESS: &str = "port12_egress";
    /// As [`EGRESS`], of devices without an Ethernet header.
    pub const EGRESS_IP: &str = "port12_egressip";
}
