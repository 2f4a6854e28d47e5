//! Shapes in which conversations start.

use crate::outcome::counted_enum;

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

impl Shape {
    /// Short name, in lines for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TcpSyn => "SYN",
            Self::TcpNull => "NULL",
            Self::TcpFin => "FIN",
            Self::TcpXmas => "XMAS",
            Self::TcpOther => "odd flags",
            Self::TinyFragment => "tiny fragment",
            Self::Datagram => "datagram",
            Self::SctpInit => "INIT",
            Self::DccpRequest => "Request",
        }
    }
}
