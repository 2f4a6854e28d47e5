//! What can become of a frame.

macro_rules! counted_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of its counters.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name in reports, JSON and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = ();

            /// The variant of that name; no other spelling is accepted.
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.into_iter().find(|variant| variant.as_str() == text).ok_or(())
            }
        }

        $crate::documents::named!($name);
    };
}
pub(crate) use counted_enum;

counted_enum! {
    /// The one thing that happened to a frame. Exhaustive: over an interface the counts of all
    /// outcomes add up to the frames seen.
    Outcome {
        /// Not IPv4 or IPv6 after the VLAN tags: ARP, LLDP, MPLS.
        NotIp = "not_ip",
        /// A header is cut short or contradicts itself; see [`Malformed`]. Passed: the stack decides.
        Malformed = "malformed",
        /// More VLAN tags or IPv6 extension headers than are read; see [`TooDeep`]. Dropped under
        /// conditions that [`Finding::verdict`](crate::Finding::verdict) knows.
        TooDeep = "too_deep",
        /// A fragment that is not the first carries no ports.
        Fragment = "fragment",
        /// IP, but not a transport with ports: ICMP, ESP, GRE.
        OtherTransport = "other_transport",
        /// The destination port is above 1023.
        HighPort = "high_port",
        /// The destination port is well-known and not watched.
        Assigned = "assigned",
        /// The destination port is unassigned, and the policy ignores it.
        Ignored = "ignored",
        /// Not the start of a conversation, or it belongs to a connected socket of this host.
        Reply = "reply",
        /// The destination is not an address of this network namespace.
        Transit = "transit",
        /// The source is on the allowlist.
        Allowed = "allowed",
        /// This network namespace has a socket on that port.
        LocalSocket = "local_socket",
        /// The source is banned.
        Banned = "banned",
        /// A probe, dropped by policy.
        Dropped = "dropped",
        /// The start of a conversation with an unassigned port.
        Probe = "probe",
    }
}

impl Outcome {
    /// Verdict on a frame of this outcome. [`Outcome::TooDeep`] has either: [`Finding::verdict`](crate::Finding::verdict)
    /// knows which.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Banned | Self::Dropped => Verdict::Drop,
            Self::NotIp
            | Self::Malformed
            | Self::TooDeep
            | Self::Fragment
            | Self::OtherTransport
            | Self::HighPort
            | Self::Assigned
            | Self::Ignored
            | Self::Reply
            | Self::Transit
            | Self::Allowed
            | Self::LocalSocket
            | Self::Probe => Verdict::Pass,
        }
    }
}

/// What happens to a frame: `XDP_PASS` or `XDP_DROP`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The frame goes on to the stack.
    Pass,
    /// The frame ends here.
    Drop,
}

impl Verdict {
    /// `pass` or `drop`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Drop => "drop",
        }
    }
}

counted_enum! {
    /// Why reading a frame stopped.
    Malformed {
        /// Fewer than 14 bytes.
        EthernetTruncated = "ethernet_truncated",
        /// A VLAN tag without the four bytes it takes.
        VlanTruncated = "vlan_truncated",
        /// The version nibble is not that of the EtherType.
        IpVersion = "ip_version",
        /// Fewer than 20 bytes of IPv4 header.
        Ipv4Truncated = "ipv4_truncated",
        /// IHL under 5, or a header longer than the packet (RFC 791 section 3.1).
        Ipv4HeaderLength = "ipv4_header_length",
        /// A total length shorter than the header.
        Ipv4TotalLength = "ipv4_total_length",
        /// Fewer than 40 bytes of IPv6 header.
        Ipv6Truncated = "ipv6_truncated",
        /// An extension header longer than the packet.
        Ipv6ExtensionTruncated = "ipv6_extension_truncated",
        /// Fewer than 20 bytes of TCP header.
        TcpTruncated = "tcp_truncated",
        /// A data offset under 5, or options beyond the packet (RFC 9293 section 3.1).
        TcpDataOffset = "tcp_data_offset",
        /// Fewer than 8 bytes of UDP or UDP-Lite header.
        UdpTruncated = "udp_truncated",
        /// Fewer than 16 bytes of SCTP header and first chunk.
        SctpTruncated = "sctp_truncated",
        /// Fewer than 12 bytes of DCCP header.
        DccpTruncated = "dccp_truncated",
    }
}

counted_enum! {
    /// Headers that a packet has too many of.
    TooDeep {
        /// More than [`MAX_VLAN_TAGS`](crate::parse::MAX_VLAN_TAGS).
        VlanTags = "vlan_tags",
        /// More than [`MAX_EXTENSION_HEADERS`](crate::parse::MAX_EXTENSION_HEADERS), or than a first fragment holds: its
        /// ports are in a later one (RFC 7112).
        ExtensionHeaders = "ipv6_extension_headers",
    }
}
