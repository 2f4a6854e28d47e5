//! The maps of the kernel object: their names, their values, their layout.
//!
//! Every value is plain old data with fixed-width fields; the layout is part of the contract
//! with pinned state and is locked by [`VERSION`] and the assertions below.

mod bans;
mod binds;
mod counters;
mod events;
mod host;
mod policy;
mod sources;
mod state;

pub use bans::{BANNED, Ban, Banning, Evidence, PROTECTED, SUSPECTS};
pub use binds::{BIND_RING, BindRecord, HEARERS, Hearing, bind_map, bind_program};
pub use counters::{Clock, CpuCounters, PortCounters, Tally};
pub use events::{
    Budget, EVENT, EVENT_FRAME, EVENT_RING, EventRecord, Known, Label, Pending, Telling,
};
pub use host::{HostTable, Local, Prefix4, Prefix6, Sockets};
pub use policy::{Action, Gate, Policy, Rule, TransitPolicy, bypass, origin};
pub use sources::{
    FIRST_TOUCH, Knock, REGISTERS, SLOTS, Source, SourceAddress, SourceTable, TOUCHES, Touched,
    Touches,
};
pub use state::{Header, State};

/// The layout version of every map.
pub const VERSION: u32 = 6;

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
}
