//! Addresses that bans must not cover: the host's own, gateways and name servers.

mod resolvers;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netlink_packet_route::{
    AddressFamily,
    route::{RouteHeader, RouteType},
};

use port12_common::abi::SourceAddress;

use super::{
    HostError,
    addresses::{self, LocalAddresses},
    nexthops, routes,
};

/// Role of an address for this host.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// One that is no single host's: loopback, multicast, the unspecified address.
    Special,
    /// The host's own.
    Own,
    /// The next hop of a route, in whichever table.
    Gateway,
    /// A name server, or one that a resolver on this host asks.
    NameServer,
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Special => "no host's address",
            Self::Own => "this host's own address",
            Self::Gateway => "the gateway of a route",
            Self::NameServer => "a name server of this host",
        })
    }
}

/// The addresses of the calling thread's network namespace that it would do harm to ban.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Protected {
    /// Single addresses.
    pub addresses: BTreeMap<IpAddr, Role>,
    /// Prefixes that are the host's own as a whole.
    pub own: BTreeSet<IpNet>,
    /// Reason why name servers may be missing; `None` when all could be listed.
    pub unlisted: Option<String>,
}

impl Protected {
    /// Asks the host.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses or garbles a list.
    pub fn ask() -> Result<Self, HostError> {
        let mut protected = Self::default();
        let mut note = |address: IpAddr, role| {
            protected.addresses.entry(address.to_canonical()).or_insert(role);
        };
        let LocalAddresses { v4, broadcast_v4, v6, prefixes_v4, prefixes_v6 } = addresses::local()?;
        v4.into_iter().chain(broadcast_v4).for_each(|address| note(address.into(), Role::Own));
        v6.into_iter().for_each(|address| note(address.into(), Role::Own));
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            for route in routes::list(family, RouteType::Unicast, RouteHeader::RT_TABLE_UNSPEC)? {
                route.gateways.into_iter().for_each(|hop| note(hop, Role::Gateway));
            }
        }
        nexthops::gateways()?.into_iter().for_each(|hop| note(hop, Role::Gateway));
        let (servers, unread) = resolvers::servers();
        servers.into_iter().for_each(|server| note(server, Role::NameServer));
        protected.unlisted = unread;
        let v4 = prefixes_v4.iter().filter_map(|it| Ipv4Net::new(it.network, it.length).ok());
        let v6 = prefixes_v6.iter().filter_map(|it| Ipv6Net::new(it.network, it.length).ok());
        protected.own = v4.map(IpNet::from).chain(v6.map(IpNet::from)).collect();
        Ok(protected)
    }

    /// Why an address is not to be banned.
    pub fn role(&self, address: IpAddr) -> Option<Role> {
        if SourceAddress::from(address).is_special() {
            return Some(Role::Special);
        }
        let own = || self.own.iter().any(|net| net.contains(&address)).then_some(Role::Own);
        self.addresses.get(&address).copied().or_else(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_single_host_s_has_a_role_without_being_listed() {
        let protected = Protected::default();
        for text in [
            "127.0.0.1",
            "::1",
            "224.0.0.1",
            "239.9.9.9",
            "ff02::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "255.255.255.255",
        ] {
            assert_eq!(protected.role(text.parse().unwrap()), Some(Role::Special), "{text}");
        }
        for text in [
            "192.0.2.1",
            "240.0.0.1",
            "255.255.255.254",
            "1.0.0.0",
            "2001:db8::1",
            "::2",
            "fe80::1",
            "::1:0:0:1",
        ] {
            assert_eq!(protected.role(text.parse().unwrap()), None, "{text}");
        }
    }
}
