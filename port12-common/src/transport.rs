//! Transports with ports, and the shapes in which their conversations start.

mod info;
mod shape;

pub use info::{Header, RegistryRows, SocketProof, SocketStates, SocketVisibility, TransportInfo};
pub use shape::Shape;

use crate::outcome::counted_enum;

counted_enum! {
    /// A transport protocol with ports.
    Transport {
        /// TCP (RFC 9293).
        Tcp = "tcp",
        /// UDP (RFC 768).
        Udp = "udp",
        /// UDP-Lite (RFC 3828).
        UdpLite = "udplite",
        /// SCTP (RFC 9260).
        Sctp = "sctp",
        /// DCCP (RFC 4340).
        Dccp = "dccp",
    }
}

impl Transport {
    /// The transport of an IP protocol number, where it has ports.
    #[inline(always)]
    pub const fn from_protocol(protocol: u8) -> Option<Self> {
        match protocol {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            136 => Some(Self::UdpLite),
            132 => Some(Self::Sctp),
            33 => Some(Self::Dccp),
            _ => None,
        }
    }

    /// IP protocol number. Not a field of [`TransportInfo`]: kernel programs compare it for each packet.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::UdpLite => 136,
            Self::Sctp => 132,
            Self::Dccp => 33,
        }
    }

    /// Whether the kernel has a helper that looks its sockets up.
    #[inline(always)]
    pub const fn has_lookup(self) -> bool {
        match self.info().proof {
            SocketProof::Listing | SocketProof::Lookup => true,
            SocketProof::ListingAlone => false,
        }
    }

    /// Whether any socket receives datagrams, without connections and listeners.
    #[inline(always)]
    pub const fn is_datagram(self) -> bool {
        match self.info().states {
            SocketStates::Datagram => true,
            SocketStates::Connection | SocketStates::Association => false,
        }
    }
}

/// Names of all transports, in messages and documentation.
#[macro_export]
macro_rules! transport_names {
    () => {
        "tcp, udp, udplite, sctp and dccp"
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_number_leads_back_to_its_transport() {
        for protocol in 0..=u8::MAX {
            let found = Transport::ALL.into_iter().find(|it| it.protocol() == protocol);
            assert_eq!(Transport::from_protocol(protocol), found, "{protocol}");
        }
    }

    #[test]
    fn the_names_in_messages_are_those_of_all_transports() {
        let names = transport_names!().split(", ").flat_map(|names| names.split(" and "));
        assert!(names.eq(Transport::ALL.map(Transport::as_str)));
    }
}
