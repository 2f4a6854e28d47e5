//! Transports with ports, and the shapes in which their conversations start.

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

    /// The IP protocol number.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::UdpLite => 136,
            Self::Sctp => 132,
            Self::Dccp => 33,
        }
    }
}

counted_enum! {
    /// How a conversation starts.
    Shape {
        /// A TCP SYN without ACK.
        TcpSyn = "tcp_syn",
        /// A TCP segment without any flag.
        TcpNull = "tcp_null",
        /// A TCP segment with FIN alone.
        TcpFin = "tcp_fin",
        /// A TCP segment with FIN, PSH and URG.
        TcpXmas = "tcp_xmas",
        /// Any other TCP segment with neither ACK nor RST.
        TcpOther = "tcp_other",
        /// A first fragment that ends before TCP's flags (RFC 1858 section 3), SCTP's chunk type or DCCP's packet type.
        TinyFragment = "tiny_fragment",
        /// A UDP or UDP-Lite datagram.
        Datagram = "datagram",
        /// An SCTP INIT chunk.
        SctpInit = "sctp_init",
        /// A DCCP Request packet.
        DccpRequest = "dccp_request",
    }
}
