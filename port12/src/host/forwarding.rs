//! Why a missing socket proves nothing on an interface: what arrives may be for someone else.
//!
//! Drop mode is refused where there is a reason. What is looked at: IP forwarding; bridges,
//! Open vSwitch, macvlan and ipvlan, on the interface or on anything that stands above it; rules
//! that translate, redirect or forward; IPVS.
//!
//! What is not: BPF programs that redirect packets or assign them a socket (at TC, `sk_lookup`,
//! XDP elsewhere), queues to user space, packet and raw sockets. Interfaces and rules are those
//! of this network namespace.

use std::fmt;

use port12_common::Version;

use super::{HostError, interfaces::Stack};

mod ipvs;
mod legacy;
mod netconf;
mod nftables;
mod procfs;
mod stacked;

pub use nftables::Rule;

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
        /// What it stands on.
        lower: String,
    },
    /// An nf_tables rule translates, redirects or forwards.
    Rule(Rule),
    /// A table of legacy iptables that translates or redirects is in use.
    LegacyTable {
        /// The file that lists it.
        file: &'static str,
        /// The table.
        table: String,
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
            Self::LegacyTable { file, table } => {
                write!(out, "iptables has a table {table}, which may redirect packets ({file})")
            }
            Self::Ipvs { services } => {
                write!(out, "IPVS has {services} virtual services (/proc/net/ip_vs)")
            }
        }
    }
}

/// Every reason for the interface of an index; empty where a missing socket does prove that
/// nobody wants a packet.
///
/// Reading nf_tables needs CAP_NET_ADMIN. Where legacy iptables is loaded, reading its tables
/// needs user id 0 or group id 0 of the namespace, or CAP_DAC_READ_SEARCH.
///
/// # Errors
///
/// Where any of it cannot be read: an empty list is never a guess. A subsystem that the kernel
/// lacks gives no reason.
pub fn reasons(interface: u32) -> Result<Vec<Reason>, HostError> {
    let stack = Stack::read()?;
    if stack.get(interface).is_none() {
        return Err(HostError::NoInterface(format!("with index {interface}")));
    }
    let mut reasons = netconf::reasons(&stack.from(interface))?;
    reasons.extend(stacked::reasons(&stack, interface));
    reasons.extend(nftables::rules()?.into_iter().map(Reason::Rule));
    reasons.extend(legacy::reasons()?);
    reasons.extend(ipvs::reasons()?);
    Ok(reasons)
}
