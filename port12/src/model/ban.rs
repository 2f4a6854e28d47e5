//! Bans on one interface.

use port12_common::abi::Ban;
use serde::{Deserialize, Serialize};
use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// Packets of a banned source that are dropped.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Eq,
    PartialEq,
    Serialize,
    EnumMessage,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum BanScope {
    /// What would be a probe
    #[default]
    Unassigned,
    /// Everything except established TCP connections, connected UDP sockets, neighbour discovery, DHCP, ICMP errors and
    /// later fragments
    All,
}

impl BanScope {
    /// As a ban has it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unassigned => Ban::UNASSIGNED,
            Self::All => Ban::ALL,
        }
    }
}

/// Bans by the kernel program itself.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AutoBanStats {
    /// Sources that were banned.
    pub banned: u64,
    /// Probes of untracked sources that the rate limit left out.
    pub not_tracked: u64,
    /// Probes that would have banned a protected source, or one that may be.
    pub protected: u64,
    /// Bans that were not made, because the table was full.
    pub table_full: u64,
}

/// Bans on one interface.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BanState {
    /// Probes after which the program bans a source by itself; null if it does not.
    pub after: Option<u64>,
    /// Widest scope that a ban can have.
    pub scope: BanScope,
    /// Banned sources; null if they were not read.
    pub active: Option<usize>,
    /// Bans by the program itself.
    #[serde(flatten)]
    pub auto: AutoBanStats,
}
