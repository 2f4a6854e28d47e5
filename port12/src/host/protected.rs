//! Addresses that it would do harm to ban.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
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
    routes, sockets,
};

/// Where a resolver says whom it asks. The second is systemd-resolved's, which puts itself into the first.
const RESOLVERS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// What an address is to this host.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// One that is no single host's: loopback, multicast, the unspecified address.
    Special,
    /// The host's own.
    Own,
    /// The next hop of a default route.
    Gateway,
    /// A name server.
    NameServer,
    /// The peer of an established connection.
    Peer,
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Special => "no host's address",
            Self::Own => "this host's own address",
            Self::Gateway => "the gateway of a default route",
            Self::NameServer => "a name server of this host",
            Self::Peer => "the peer of an established connection",
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
    /// Reason why peers or name servers may be missing; `None` when all could be listed.
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
        let LocalAddresses { v4, v6, prefixes_v4, prefixes_v6 } = addresses::local()?;
        v4.into_iter().for_each(|address| note(address.into(), Role::Own));
        v6.into_iter().for_each(|address| note(address.into(), Role::Own));
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            for route in routes::list(family, RouteType::Unicast, RouteHeader::RT_TABLE_UNSPEC)? {
                if route.length == 0 {
                    route.gateways.into_iter().for_each(|hop| note(hop, Role::Gateway));
                }
            }
        }
        let (servers, unread) = name_servers();
        servers.into_iter().for_each(|server| note(server, Role::NameServer));
        let peers = sockets::peers();
        peers.addresses.into_iter().for_each(|peer| note(peer, Role::Peer));
        protected.unlisted =
            peers.unlisted.map(|why| format!("the peers of connections ({why})")).or(unread);
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

/// The name servers, and what could not be read of them. A file that does not exist names none.
fn name_servers() -> (Vec<IpAddr>, Option<String>) {
    let (mut found, mut unread) = (Vec::new(), None);
    for path in RESOLVERS {
        match fs::read_to_string(path) {
            Ok(text) => found.extend(servers(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => unread = Some(format!("the name servers ({path}: {error})")),
        }
    }
    (found, unread)
}

/// The addresses of `nameserver` lines (resolv.conf(5)), without their zones.
fn servers(text: &str) -> Vec<IpAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        address.split('%').next()?.parse().ok()
    };
    text.lines().filter_map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_as_the_resolver_reads_them() {
        let text = "# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.53\n  nameserver\t\
                    fe80::53%eth0 # ours\nnameserver\nnameservers 192.0.2.1\nnameserver x\n";
        let expected: Vec<IpAddr> =
            ["192.0.2.53", "fe80::53"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(servers(text), expected);
    }

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
