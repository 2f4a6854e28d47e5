//! Kinds of scans.

use std::{fmt, str::FromStr};

use port12_common::Shape;
use serde::{Deserialize, Serialize};

/// Kind of a scan, by the type of most of its probes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScanKind {
    /// TCP SYN: `nmap -sS`, and a connect scan, which cannot be told from it by what is not answered.
    Syn,
    /// TCP without flags: `nmap -sN`.
    Null,
    /// TCP FIN: `nmap -sF`.
    Fin,
    /// TCP FIN, PSH and URG: `nmap -sX`.
    Xmas,
    /// TCP with other flags.
    OtherTcp,
    /// TCP in fragments too small for its flags: `nmap -f`.
    TinyFragments,
    /// UDP or UDP-Lite: `nmap -sU`.
    Udp,
    /// SCTP INIT: `nmap -sY`.
    Sctp,
    /// DCCP Request.
    Dccp,
    /// Several, none of which is most.
    Mixed,
    /// Too few ports and addresses for a scan, again and again.
    Persistent,
}

impl ScanKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Syn,
        Self::Null,
        Self::Fin,
        Self::Xmas,
        Self::OtherTcp,
        Self::TinyFragments,
        Self::Udp,
        Self::Sctp,
        Self::Dccp,
        Self::Mixed,
        Self::Persistent,
    ];

    /// The name in JSON and other records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Null => "null",
            Self::Fin => "fin",
            Self::Xmas => "xmas",
            Self::OtherTcp => "other_tcp",
            Self::TinyFragments => "tiny_fragments",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::Dccp => "dccp",
            Self::Mixed => "mixed",
            Self::Persistent => "persistent",
        }
    }

    /// Name for people.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Syn => "TCP SYN scan",
            Self::Null => "TCP NULL scan",
            Self::Fin => "TCP FIN scan",
            Self::Xmas => "TCP Xmas scan",
            Self::OtherTcp => "TCP scan with unusual flags",
            Self::TinyFragments => "scan in tiny fragments",
            Self::Udp => "UDP scan",
            Self::Sctp => "SCTP INIT scan",
            Self::Dccp => "DCCP Request scan",
            Self::Mixed => "scan of several kinds",
            Self::Persistent => "persistent knocking",
        }
    }
}

impl From<Shape> for ScanKind {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::TcpSyn => Self::Syn,
            Shape::TcpNull => Self::Null,
            Shape::TcpFin => Self::Fin,
            Shape::TcpXmas => Self::Xmas,
            Shape::TcpOther => Self::OtherTcp,
            Shape::TinyFragment => Self::TinyFragments,
            Shape::Datagram => Self::Udp,
            Shape::SctpInit => Self::Sctp,
            Shape::DccpRequest => Self::Dccp,
        }
    }
}

impl fmt::Display for ScanKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for ScanKind {
    type Err = ();

    /// The kind of that name; no other spelling is accepted.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}
