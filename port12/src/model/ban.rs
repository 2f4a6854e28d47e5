//! Bans.

use std::net::IpAddr;

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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum BanScope {
    /// Packets that would be probes
    #[default]
    Unassigned,
    /// Everything except established TCP connections, connected UDP sockets, neighbour discovery, DHCP, ICMP errors and
    /// later fragments
    All,
}

impl BanScope {
    /// As a ban has it.
    pub const fn of(code: u8) -> Self {
        match code {
            Ban::ALL => Self::All,
            _ => Self::Unassigned,
        }
    }

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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// Origin of a ban.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BanOrigin {
    /// `port12 ban`.
    Operator,
    /// The program itself, after some number of probes.
    Threshold,
    /// Unknown to this version.
    Unknown,
}

impl BanOrigin {
    /// As a ban has it.
    pub const fn of(code: u8) -> Self {
        match code {
            Ban::OPERATOR => Self::Operator,
            Ban::THRESHOLD => Self::Threshold,
            _ => Self::Unknown,
        }
    }

    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Threshold => "threshold",
            Self::Unknown => "unknown",
        }
    }
}

/// A banned source, on all pinned interfaces.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BannedSource {
    /// Address.
    pub source: IpAddr,
    /// Origin.
    pub origin: BanOrigin,
    /// Packets that are dropped.
    pub scope: BanScope,
    /// Packets that were dropped, on all interfaces.
    pub packets: u64,
    /// Number of bans of this source.
    pub times: u32,
    /// Running time since the ban, in seconds.
    pub banned_seconds: u64,
    /// Running time until its end, in seconds; null if it has no end.
    pub remaining_seconds: Option<u64>,
    /// Whether an interface drops packets for it: a bypass stops bans.
    pub in_force: bool,
    /// Interfaces that have it, by the names of their pins.
    pub interfaces: Vec<String>,
}
