//! The table of ways.

use std::{
    fmt::{self, Display},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use super::{
    dressed::{Dressed, Ipv4, Ipv6},
    segment::{Segment, Transport},
    site::{SENDER_V4, SENDER_V6, Site},
};

/// A version of IP.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Version {
    V4,
    V6,
}

/// What a way is used for: everything that differs from one exchange to the next.
#[derive(Clone, Copy)]
pub struct Aim {
    /// The destination port.
    pub port: u16,
    /// A number that no other packet of the site has: the source port and the identification of fragments.
    pub serial: u16,
}

type Dress = Arc<dyn Fn(&mut Dressed) + Send + Sync>;

/// A way of dressing a SYN or a datagram.
#[derive(Clone)]
pub struct Way {
    /// The part of the table that it is in.
    pub kind: &'static str,
    pub name: String,
    pub transport: Transport,
    pub version: Version,
    dress: Dress,
}

impl Way {
    /// The packet, dressed.
    pub fn dressed(&self, site: &Site, aim: Aim) -> Dressed {
        let (source, destination): (IpAddr, IpAddr) = match self.version {
            Version::V4 => (SENDER_V4.into(), site.near.v4.into()),
            Version::V6 => (SENDER_V6.into(), site.near.v6.into()),
        };
        let mut dressed = Dressed {
            to_mac: site.near.mac,
            from_mac: site.far.mac,
            tags: Vec::new(),
            logical_link: None,
            ether_type: None,
            source,
            destination,
            identification: aim.serial,
            v4: Ipv4::default(),
            v6: Ipv6::default(),
            segment: Segment::new(self.transport, aim.serial, aim.port),
            cuts: Vec::new(),
            unfragmentable: 0,
            trailer: Vec::new(),
        };
        (self.dress)(&mut dressed);
        dressed
    }

    /// Whether its source is the one that can be banned.
    pub fn keeps_its_source(&self, site: &Site) -> bool {
        let source = self.dressed(site, Aim { port: 0, serial: 0 }).source;
        [IpAddr::from(SENDER_V4), SENDER_V6.into()].contains(&source)
    }

    /// Whether it goes to a group: multicast, the limited broadcast, or 0.0.0.0, which Linux takes for that.
    pub fn goes_to_a_group(&self, site: &Site) -> bool {
        match self.dressed(site, Aim { port: 0, serial: 0 }).destination {
            IpAddr::V4(to) => to.is_multicast() || to.is_broadcast() || to == Ipv4Addr::UNSPECIFIED,
            IpAddr::V6(to) => to.is_multicast(),
        }
    }
}

impl Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = match self.version {
            Version::V4 => "v4",
            Version::V6 => "v6",
        };
        write!(formatter, "{}/{version} {}: {}", self.transport.as_str(), self.kind, self.name)
    }
}

/// The table in the making.
#[derive(Default)]
pub struct Table {
    ways: Vec<Way>,
    kind: &'static str,
}

impl Table {
    /// Begins a part of the table.
    pub fn begin(&mut self, kind: &'static str) {
        self.kind = kind;
    }

    /// Adds a way for TCP and UDP over IPv4 and IPv6.
    pub fn all(
        &mut self,
        name: impl Display,
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        self.add(&name, &[Transport::Tcp, Transport::Udp], &[Version::V4, Version::V6], dress);
    }

    /// For TCP and UDP over IPv4.
    pub fn v4(&mut self, name: impl Display, dress: impl Fn(&mut Dressed) + Send + Sync + 'static) {
        self.add(&name, &[Transport::Tcp, Transport::Udp], &[Version::V4], dress);
    }

    /// For TCP and UDP over IPv6.
    pub fn v6(&mut self, name: impl Display, dress: impl Fn(&mut Dressed) + Send + Sync + 'static) {
        self.add(&name, &[Transport::Tcp, Transport::Udp], &[Version::V6], dress);
    }

    /// For TCP over IPv4 and IPv6.
    pub fn tcp(
        &mut self,
        name: impl Display,
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        self.add(&name, &[Transport::Tcp], &[Version::V4, Version::V6], dress);
    }

    /// For UDP over IPv4 and IPv6.
    pub fn udp(
        &mut self,
        name: impl Display,
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        self.add(&name, &[Transport::Udp], &[Version::V4, Version::V6], dress);
    }

    /// For UDP-Lite over IPv4 and IPv6.
    pub fn udp_lite(
        &mut self,
        name: impl Display,
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        self.add(&name, &[Transport::UdpLite], &[Version::V4, Version::V6], dress);
    }

    /// For SCTP over IPv4 and IPv6.
    pub fn sctp(
        &mut self,
        name: impl Display,
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        self.add(&name, &[Transport::Sctp], &[Version::V4, Version::V6], dress);
    }

    fn add(
        &mut self,
        name: &impl Display,
        transports: &[Transport],
        versions: &[Version],
        dress: impl Fn(&mut Dressed) + Send + Sync + 'static,
    ) {
        let dress: Dress = Arc::new(dress);
        for (&transport, &version) in transports
            .iter()
            .flat_map(|transport| versions.iter().map(move |version| (transport, version)))
        {
            let (kind, name, dress) = (self.kind, name.to_string(), Arc::clone(&dress));
            self.ways.push(Way { kind, name, transport, version, dress });
        }
    }

    /// The finished table.
    pub fn into_ways(self) -> Vec<Way> {
        self.ways
    }
}
