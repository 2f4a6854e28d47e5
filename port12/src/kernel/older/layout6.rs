//! Values of layout version 6, as far as they are read. Parts that are the same in this layout have its types.

use port12_common::{
    Transport,
    abi::{Banning, Gate, Header, PORTS, PortCounters, SourceTable, Tally, Telling, Touches},
};

use zerocopy::{FromBytes, Immutable};

use super::super::state::Rules;

/// Bytes of the host table: sockets, and two tables of local addresses.
const HOST: usize = 16 + 5 * 1024 + 8 + 2 * 49_496;

/// Element of `STATE`.
#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C)]
pub struct State {
    /// Identity of the instance.
    pub header: Header,
    /// Deadline and bypass.
    pub gate: Gate,
    /// Lists that are not empty: bits of `Policy::lists`.
    pub lists: u64,
    /// Rules of all ports.
    pub rules: Rules,
    /// Host table.
    pub host: [u8; HOST],
}

/// Element of `COUNTERS`, one for each CPU.
#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C, align(64))]
pub struct Counters {
    /// Frames by outcome.
    pub outcomes: [Tally; 16],
    /// Malformed frames by reason.
    pub reasons: [u64; 16],
    /// Probes by type.
    pub shapes: [u64; 16],
    /// Probes by transport and port.
    pub ports: [[PortCounters; PORTS]; Transport::ALL.len()],
    /// Bits of the ports in the sets of the sources.
    pub touches: Touches,
    telling: Telling,
    /// Terms and counts of bans.
    pub banning: Banning,
    /// Table of sources.
    pub sources: SourceTable,
}
