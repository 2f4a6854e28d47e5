//! The one host to which every named and every random frame is sent.
//!
//! Its policy is spelled out port by port, so that neither a registry nor a default decides an
//! expectation. Ports that are not named here are assigned.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use port12_common::{
    Allowed, Finding, Layer, NoLookup, Tables, Transport,
    abi::{Action, Gate, HostTable, Policy, Rule, TransitPolicy, Vlans},
    classify,
    parse::Tags,
};

use Transport::{Dccp, Sctp, Tcp, Udp, UdpLite};

const DROP: Action = Action::Drop { enforce: false };
const ENFORCE: Action = Action::Drop { enforce: true };

/// What the policy says of each port that is not assigned.
const RULES: &[(Transport, u16, Action)] = &[
    (Tcp, 12, DROP),
    (Udp, 12, DROP),
    (UdpLite, 12, DROP),
    (Sctp, 12, DROP),
    (Dccp, 12, DROP),
    (Tcp, 14, DROP),
    (Udp, 14, DROP),
    (UdpLite, 14, Action::Watch),
    (Sctp, 14, Action::Watch),
    (Dccp, 14, Action::Watch),
    (Tcp, 26, Action::Ignore),
    (Udp, 26, Action::Ignore),
    (UdpLite, 26, Action::Ignore),
    (Sctp, 26, Action::Ignore),
    (Dccp, 26, Action::Ignore),
    (Tcp, 28, ENFORCE),
    (Tcp, 30, Action::Watch),
    (Udp, 30, Action::Watch),
    (Tcp, 81, DROP),
    (Sctp, 81, DROP),
    (Tcp, 716, DROP),
    (Udp, 717, DROP),
    (Tcp, 1008, DROP),
];

/// The ports with a socket.
const SOCKETS: &[(Transport, u16)] = &[(Tcp, 28), (Tcp, 81), (Sctp, 81), (Udp, 717)];

/// The addresses of the host.
pub const ADDRESS_V4: Ipv4Addr = Ipv4Addr::new(10, 12, 0, 2);
pub const ADDRESS_V6: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 2);

/// The MAC address of the host.
pub const ADDRESS_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// Whether the host receives frames for a MAC address.
pub fn receives(address: &[u8]) -> bool {
    address == ADDRESS_MAC || address[0] & 1 == 1
}

const DOT1Q: u16 = 0x8100;
const DOT1AD: u16 = 0x88a8;

/// The VLAN devices of the host: EtherTypes and VIDs, the outermost first.
const VLANS: &[&[(u16, u16)]] = &[
    &[(DOT1Q, 1)],
    &[(DOT1Q, 100)],
    &[(DOT1AD, 7)],
    &[(DOT1AD, 200), (DOT1Q, 100)],
    &[(DOT1Q, 3), (DOT1Q, 2), (DOT1Q, 1)],
    &[(DOT1Q, 4), (DOT1Q, 3), (DOT1Q, 2), (DOT1Q, 1)],
];

/// Whether tags, by EtherType and VID, are for a VLAN of the host.
pub fn has_vlan(tags: &[(u16, u16)]) -> bool {
    let tags: Vec<_> = tags.iter().copied().filter(|(_, vid)| *vid != 0).collect();
    tags.is_empty() || VLANS.contains(&tags.as_slice())
}

/// The VLAN devices as the maps hold them.
fn vlans() -> Vlans {
    let mut vlans = Vlans { known: Vlans::LISTED, ..Vlans::EMPTY };
    for device in VLANS {
        let tags = device.iter().fold(0, |tags, &(ether_type, vid)| {
            tags << Tags::BITS | Tags::tag(vid, ether_type == DOT1AD)
        });
        match device.len() {
            1 => vlans.single[tags as usize / 64] |= 1 << (tags % 64),
            _ => {
                let bucket = vlans.bucket(tags);
                let free = vlans.stacked[bucket].iter_mut().find(|element| **element == 0);
                *free.expect("a bucket has room") = tags;
            }
        }
    }
    vlans
}

/// The policy for a well-known port.
pub fn rule(transport: Transport, port: u16) -> Action {
    RULES
        .iter()
        .find(|(of, number, _)| (*of, *number) == (transport, port))
        .map_or(Action::Assigned, |(_, _, action)| *action)
}

/// Whether the host has a socket on a port.
pub fn has_socket(transport: Transport, port: u16) -> bool {
    SOCKETS.contains(&(transport, port))
}

/// Whether the host takes in packets for an address.
pub fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4 == ADDRESS_V4 || v4.is_loopback() || is_group(address),
        IpAddr::V6(v6) => v6 == ADDRESS_V6 || is_group(address),
    }
}

/// Whether an address is that of several hosts.
pub fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_multicast(),
    }
}

/// The policy as the `POLICY` map holds it: transit passes.
pub fn policy() -> Box<Policy> {
    policy_with(TransitPolicy::Pass)
}

/// The policy, and what becomes of conversation starts for other hosts.
pub fn policy_with(transit: TransitPolicy) -> Box<Policy> {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::OPEN;
    for &(transport, port, action) in RULES {
        policy.set(transport, port, Rule::new(action, transit));
    }
    policy.too_deep = Policy::too_deep_by(&policy.rules, false);
    policy
}

/// The host as the `HOST` map holds it. Its heartbeat never goes stale, and a socket look-up
/// misses none.
pub fn host() -> Box<HostTable> {
    let mut host = Box::new(HostTable::UNKNOWN);
    for &(transport, port) in SOCKETS {
        host.sockets.insert(transport, port);
    }
    host.sockets.valid_until = u64::MAX;
    host.sockets.lookup_proves = 1;
    host.macs[0] = HostTable::mac(mac_words(ADDRESS_MAC));
    host.vlans = vlans();
    let local = &mut host.local[0];
    local.known = 1;
    let v4 = u32::from_ne_bytes(ADDRESS_V4.octets());
    local.v4_be[local.bucket_v4(v4)][0] = v4;
    let v6 = words(ADDRESS_V6);
    local.v6_be[local.bucket_v6(v6)][0] = v6;
    host
}

/// A MAC address as a frame's words.
fn mac_words(address: [u8; 6]) -> [u16; 3] {
    core::array::from_fn(|word| u16::from_ne_bytes([address[2 * word], address[2 * word + 1]]))
}

/// An IPv6 address as the maps hold it.
pub fn words(address: Ipv6Addr) -> [u32; 4] {
    let octets = address.octets();
    core::array::from_fn(|word| {
        u32::from_ne_bytes(core::array::from_fn(|byte| octets[4 * word + byte]))
    })
}

/// The maps of the environment, for the classifier in user space.
pub struct Environment {
    pub policy: Box<Policy>,
    pub host: Box<HostTable>,
}

impl Environment {
    pub fn new() -> Self {
        Self { policy: policy(), host: host() }
    }

    pub fn tables(&self) -> Tables<'_, NoLookup> {
        Tables {
            policy: &self.policy,
            host: &self.host,
            allowed: Allowed::default(),
            banned: &[],
            shuts_out: false,
            now: 1000,
            lookup: NoLookup,
        }
    }

    pub fn classify(&self, bytes: &[u8], layer: Layer) -> Finding {
        classify(&bytes, layer, &self.tables())
    }
}
