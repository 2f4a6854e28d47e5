//! The destinations that this network namespace takes in.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use netlink_packet_route::{
    AddressFamily,
    route::{RouteHeader, RouteType},
};

use super::{HostError, routes};

/// A prefix that is shorter than an address.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Prefix<A> {
    /// The network; the bits beyond the length are 0.
    pub network: A,
    /// The length, in bits.
    pub length: u8,
}

/// Every destination for which a packet stays on the host: what `ip route show table all` lists
/// as `local`, `broadcast`, `anycast` or `multicast`.
///
/// Local routes of tables that only a policy rule selects count too (AnyIP, TPROXY, VRF): a
/// packet to such an address may be the host's, and a socket may want it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LocalAddresses {
    /// IPv4 addresses.
    pub v4: BTreeSet<Ipv4Addr>,
    /// Broadcast addresses of IPv4 subnets.
    pub broadcast_v4: BTreeSet<Ipv4Addr>,
    /// IPv6 addresses.
    pub v6: BTreeSet<Ipv6Addr>,
    /// IPv4 prefixes, `127.0.0.0/8` among them.
    pub prefixes_v4: BTreeSet<Prefix<Ipv4Addr>>,
    /// IPv6 prefixes, `ff00::/8` among them.
    pub prefixes_v6: BTreeSet<Prefix<Ipv6Addr>>,
}

impl LocalAddresses {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty()
            && self.broadcast_v4.is_empty()
            && self.v6.is_empty()
            && self.prefixes_v4.is_empty()
            && self.prefixes_v6.is_empty()
    }

    fn insert(&mut self, destination: IpAddr, length: u8, kind: RouteType) {
        match destination {
            IpAddr::V4(address) if length >= 32 && kind == RouteType::Broadcast => {
                self.broadcast_v4.insert(address);
            }
            IpAddr::V4(address) if length >= 32 => {
                self.v4.insert(address);
            }
            IpAddr::V4(network) => {
                self.prefixes_v4.insert(Prefix { network, length });
            }
            IpAddr::V6(address) if length >= 128 => {
                self.v6.insert(address);
            }
            IpAddr::V6(network) => {
                self.prefixes_v6.insert(Prefix { network, length });
            }
        }
    }
}

/// Lists the local addresses and prefixes.
///
/// # Errors
///
/// Where the kernel refuses or garbles a list, or the routes change faster than they can be read.
pub fn local() -> Result<LocalAddresses, HostError> {
    let mut addresses = LocalAddresses::default();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        for kind in
            [RouteType::Local, RouteType::Broadcast, RouteType::Anycast, RouteType::Multicast]
        {
            for route in routes::list(family, kind, RouteHeader::RT_TABLE_UNSPEC)? {
                addresses.insert(route.destination, route.length, kind);
            }
        }
    }
    Ok(addresses)
}
