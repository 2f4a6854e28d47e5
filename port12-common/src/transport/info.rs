//! One table of facts about transports. Their headers are read in `parse/segment.rs`.

use super::Transport;

/// Facts about a transport.
#[derive(Clone, Copy, Debug)]
pub struct TransportInfo {
    /// Name in the records of Suricata and portsentry.
    pub proto: &'static str,
    /// Whether portsentry's history has lines about it.
    pub in_portsentry: bool,
    /// Whether its ports are part of a Community ID (github.com/corelight/community-id-spec).
    pub in_community_id: bool,
    /// Rows about its ports in IANA's registry.
    pub registry: RegistryRows,
    /// Proof that no socket of this host receives a packet.
    pub proof: SocketProof,
    /// Moment when the programs at `bind` and `listen` see a socket.
    pub visibility: SocketVisibility,
    /// Meaning of its socket states in sock_diag.
    pub states: SocketStates,
    /// Kernel module that lists its sockets.
    pub diag_module: &'static str,
    /// Names in /proc/net/protocols, of IPv4 and IPv6.
    pub kernel_names: [&'static str; 2],
    /// Length of its header.
    pub header: Header,
    /// Whether the third word of its header is the length of the datagram.
    pub has_length: bool,
    /// Shortest flow start, without the two ports at its beginning.
    pub flow_start: &'static [u8],
}

/// Rows about a transport's ports in IANA's registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistryRows {
    /// Rows of its own.
    Own,
    /// Next to none: its ports count as unassigned if those of all transports with rows are.
    Few,
    /// Those of another transport.
    Shared {
        /// Transport that has the rows.
        with: Transport,
        /// Specification that says so.
        source: &'static str,
    },
}

/// Proof that no socket of this host receives a packet. A drop requires one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocketProof {
    /// The published listing while it is fresh; else the kernel's look-up.
    Listing,
    /// The kernel's look-up: a socket may live for less time than lies between two listings.
    Lookup,
    /// The published listing while it is fresh. No helper finds its sockets, so `--mode drop` leaves it alone.
    ListingAlone,
}

/// Moment when the programs at `bind` and `listen` see a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocketVisibility {
    /// At `listen`: until then it is as likely a client's.
    Listen,
    /// At `bind`.
    Bind,
    /// In the next listing alone: its bind is marked, and not reported.
    Listing,
}

/// Meaning of a transport's socket states in sock_diag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SocketStates {
    /// TCP's (net/tcp_states.h): sockets that listen receive flow starts.
    Connection,
    /// SCTP's (`SCTP_STATE_*`, net/sctp/constants.h), for sockets with a peer: those that listen receive flow starts, and
    /// are listed as closed if they are one-to-many.
    Association,
    /// Connected or not: each socket receives flow starts.
    Datagram,
}

/// Length of a transport header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Header {
    /// Bytes.
    Fixed(u8),
    /// The upper half of the byte at offset 12, in words of four bytes.
    DataOffset,
}

impl Transport {
    /// Facts about the transport. By value and inlined: kernel programs get constants, not a table in memory.
    #[inline(always)]
    pub const fn info(self) -> TransportInfo {
        match self {
            Self::Tcp => TransportInfo {
                proto: "TCP",
                in_portsentry: true,
                in_community_id: true,
                registry: RegistryRows::Own,
                proof: SocketProof::Listing,
                visibility: SocketVisibility::Listen,
                states: SocketStates::Connection,
                diag_module: "tcp_diag",
                kernel_names: ["TCP", "TCPv6"],
                header: Header::DataOffset,
                has_length: false,
                // Sequence, acknowledgement, a header of 20 bytes, SYN, window, checksum, urgent pointer.
                flow_start: &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 4, 0, 0, 0, 0, 0],
            },
            Self::Udp => TransportInfo {
                proto: "UDP",
                in_portsentry: true,
                in_community_id: true,
                registry: RegistryRows::Own,
                proof: SocketProof::Lookup,
                visibility: SocketVisibility::Bind,
                states: SocketStates::Datagram,
                diag_module: "udp_diag",
                kernel_names: ["UDP", "UDPv6"],
                header: Header::Fixed(8),
                has_length: true,
                // Length, checksum.
                flow_start: &[0, 8, 0, 0],
            },
            Self::UdpLite => TransportInfo {
                proto: "UDPLITE",
                in_portsentry: false,
                in_community_id: false,
                registry: RegistryRows::Shared { with: Self::Udp, source: "RFC 3828" },
                proof: SocketProof::ListingAlone,
                visibility: SocketVisibility::Bind,
                states: SocketStates::Datagram,
                diag_module: "udp_diag",
                kernel_names: ["UDP-Lite", "UDPLITEv6"],
                header: Header::Fixed(8),
                // Its field is the length that the checksum covers (RFC 3828 section 3.1).
                has_length: false,
                // Coverage, checksum.
                flow_start: &[0, 8, 0, 0],
            },
            Self::Sctp => TransportInfo {
                proto: "SCTP",
                in_portsentry: false,
                in_community_id: true,
                registry: RegistryRows::Few,
                proof: SocketProof::ListingAlone,
                visibility: SocketVisibility::Listing,
                states: SocketStates::Association,
                diag_module: "sctp_diag",
                kernel_names: ["SCTP", "SCTPv6"],
                header: Header::Fixed(12),
                has_length: false,
                // Tag, checksum, and the head of an INIT chunk.
                flow_start: &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4],
            },
            Self::Dccp => TransportInfo {
                proto: "DCCP",
                in_portsentry: false,
                in_community_id: false,
                registry: RegistryRows::Few,
                proof: SocketProof::ListingAlone,
                visibility: SocketVisibility::Listing,
                states: SocketStates::Connection,
                diag_module: "dccp_diag",
                kernel_names: ["DCCP", "DCCPv6"],
                header: Header::Fixed(12),
                has_length: false,
                // Data offset, CCVal and coverage, checksum, a Request with a long sequence number.
                flow_start: &[4, 0, 0, 0, 1, 0, 0, 1],
            },
        }
    }
}
