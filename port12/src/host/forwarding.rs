//! Why a missing socket proves nothing on an interface: what arrives may be for someone else.
//!
//! Drop mode is refused where there is a reason. What is looked at: IP forwarding; bridges,
//! Open vSwitch, macvlan and ipvlan, on the interface or on anything that stands above it; rules
//! that translate, rewrite, redirect, copy or forward, of nf_tables, legacy iptables and tc; BPF programs
//! at ingress, which cannot be read; IPVS.
//!
//! Not looked at: XDP programs elsewhere, queues to user space, packet and raw sockets. `sk_lookup` programs are no
//! reason: [`Truth`](crate::truth::Truth) has the program look sockets up. Interfaces and rules are those of this
//! network namespace.

use std::fmt;

use port12_common::Version;

use super::HostError;

mod ipvs;
mod legacy;
mod netconf;
mod nftables;
mod procfs;
mod rewrite;
mod stacked;
mod survey;
mod targets;
mod tc;

pub use legacy::Family;
pub use nftables::Rule;
pub use survey::Survey;

/// Why a missing socket proves nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The host forwards packets.
    Forwarding {
        /// Of which IP version.
        version: Version,
        /// The sysctl that says so, which is 1.
        sysctl: String,
    },
    /// The interface, or one above it, is a bridge.
    Bridge {
        /// The bridge.
        bridge: String,
        /// Its kind: "bridge" or "openvswitch".
        kind: String,
        /// The port through which frames come to it; itself where the interface is the bridge.
        port: String,
    },
    /// An interface with an address of its own stands on this one.
    Upper {
        /// The interface.
        name: String,
        /// Its kind: "macvlan", "ipvlan", ...
        kind: String,
        /// Interface below.
        lower: String,
    },
    /// An nf_tables rule translates, rewrites, redirects, copies or forwards.
    Rule(Rule),
    /// A rule of legacy iptables translates, redirects or copies.
    LegacyRule {
        /// Whether it is one of iptables or ip6tables.
        family: Family,
        /// Its table.
        table: String,
        /// Its target.
        target: String,
    },
    /// A tc filter or a BPF program rewrites, redirects or copies packets, or may.
    Filter {
        /// The interface on whose ingress it is.
        device: String,
        /// Action, as a predicate.
        what: String,
    },
    /// IPVS balances connections.
    Ipvs {
        /// How many virtual services there are.
        services: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forwarding { version, sysctl } => {
                let version = match version {
                    Version::V4 => "IPv4",
                    Version::V6 => "IPv6",
                };
                write!(out, "{version} forwarding is on ({sysctl} = 1)")
            }
            Self::Bridge { bridge, kind, port } if bridge == port => {
                write!(out, "{bridge} is a bridge (kind {kind})")
            }
            Self::Bridge { bridge, kind, port } => {
                write!(out, "{port} is a port of the bridge {bridge} (kind {kind})")
            }
            Self::Upper { name, kind, lower } => {
                write!(out, "the {kind} {name} stands on {lower}")
            }
            Self::Rule(rule) => rule.fmt(out),
            Self::LegacyRule { family, table, target } => {
                write!(out, "a rule of legacy iptables does {target} ({family} {table})")
            }
            Self::Filter { device, what } => {
                write!(out, "a tc filter on the ingress of {device} {what}")
            }
            Self::Ipvs { services } => {
                write!(out, "IPVS has {services} virtual services (/proc/net/ip_vs)")
            }
        }
    }
}

/// Every reason for the interface of an index; see [`Survey::reasons`].
///
/// # Errors
///
/// As [`Survey::reasons`].
pub fn reasons(interface: u32) -> Result<Vec<Reason>, HostError> {
    Survey::default().reasons(interface)
}
