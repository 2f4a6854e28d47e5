//! Everything but the frame that an outcome depends on.

use crate::{
    Frame, Transport,
    abi::{Ban, HostTable, Membership, Policy, Prefix4, Prefix6, SourceAddress},
    parse::{ETHERNET_HEADER, Tags},
};

/// The addresses of a packet, network byte order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Addresses {
    /// IPv4.
    V4 {
        /// Where the packet says it comes from.
        source_be: u32,
        /// Where it goes.
        destination_be: u32,
    },
    /// IPv6.
    V6 {
        /// Where the packet says it comes from.
        source_be: [u32; 4],
        /// Where it goes.
        destination_be: [u32; 4],
    },
}

/// What a socket look-up needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    /// TCP or UDP: the kernel can look up no other sockets.
    pub transport: Transport,
    /// Source and destination.
    pub addresses: Addresses,
    /// The source port.
    pub source_port: u16,
    /// The destination port.
    pub port: u16,
}

/// What is known about a local socket for a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Socket {
    /// There is none.
    None,
    /// A listener, or an unconnected socket.
    Bound,
    /// A TCP connection or a connected UDP socket of this very flow. TCP: ESTABLISHED, FIN_WAIT1, FIN_WAIT2,
    /// CLOSE_WAIT, LAST_ACK or CLOSING; every other state counts as [`Socket::Bound`].
    Connected,
    /// It cannot be known; a would-be drop is passed.
    Unknown,
}

/// Asks the network namespace for the socket that would receive a flow.
pub trait Lookup {
    /// The socket for a TCP or UDP flow. It need not know of sockets that are bound to another
    /// device or address.
    fn socket(&self, flow: &Flow) -> Socket;
}

/// A host without sockets beyond those in the [`HostTable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLookup;

impl Lookup for NoLookup {
    fn socket(&self, _: &Flow) -> Socket {
        Socket::None
    }
}

/// Everything but the frame that an outcome depends on. Each part is asked for where it is
/// needed: most frames need none.
pub trait Environment {
    /// A ban of scope `all`.
    type Ban;

    /// The policy in force, and the host's sockets and addresses.
    fn state(&self) -> Option<(&Policy, &HostTable)>;

    /// Jiffies.
    fn now(&self) -> u64;

    /// Whether an IPv4 source, network byte order, is on the allowlist.
    fn allows_v4(&self, source_be: u32) -> bool;

    /// Whether an IPv6 source, network byte order, is on the allowlist.
    fn allows_v6(&self, source_be: [u32; 4]) -> bool;

    /// Whether a source is banned, at a time in jiffies. It is asked where the answer decides
    /// whether the packet is dropped: who counts for a ban does so there.
    fn is_banned(&self, source: SourceAddress, now: u64) -> bool;

    /// Whether there may be bans of scope `all`.
    fn shuts_out(&self) -> bool;

    /// The ban of scope `all` that a source has at a time in jiffies; none of a source that the host needs.
    fn ban_of_all(&self, source: SourceAddress, now: u64) -> Option<Self::Ban>;

    /// Counts a packet that is dropped for such a ban.
    fn count(&self, ban: Self::Ban);

    /// See [`Lookup::socket`].
    fn socket(&self, flow: &Flow) -> Socket;

    /// The network of the frame at hand, with an IP header at `network`.
    fn membership<F: Frame>(&self, frame: &F, network: usize) -> Membership;
}

/// Sources that are never dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed<'a> {
    /// IPv4 prefixes.
    pub v4: &'a [Prefix4],
    /// IPv6 prefixes.
    pub v6: &'a [Prefix6],
}

/// An [`Environment`] at hand.
#[derive(Clone, Copy)]
pub struct Tables<'a, L> {
    /// What to do about each port.
    pub policy: &'a Policy,
    /// The host's sockets and addresses.
    pub host: &'a HostTable,
    /// Sources that are never dropped.
    pub allowed: Allowed<'a>,
    /// Sources that are banned.
    pub banned: &'a [(SourceAddress, Ban)],
    /// Whether bans of scope `all` are looked for, where there are any bans.
    pub shuts_out: bool,
    /// Jiffies.
    pub now: u64,
    /// The namespace's sockets.
    pub lookup: L,
}

impl<L: Lookup> Environment for Tables<'_, L> {
    type Ban = ();

    fn state(&self) -> Option<(&Policy, &HostTable)> {
        Some((self.policy, self.host))
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn allows_v4(&self, source_be: u32) -> bool {
        self.allowed.v4.iter().any(|prefix| prefix.contains(source_be))
    }

    fn allows_v6(&self, source_be: [u32; 4]) -> bool {
        self.allowed.v6.iter().any(|prefix| prefix.contains(source_be))
    }

    fn is_banned(&self, source: SourceAddress, now: u64) -> bool {
        self.banned.iter().any(|(address, ban)| *address == source && ban.holds(now))
    }

    fn shuts_out(&self) -> bool {
        self.shuts_out && self.policy.lists & Policy::BANS != 0
    }

    fn ban_of_all(&self, source: SourceAddress, now: u64) -> Option<()> {
        let is_meant = |(address, ban): &(SourceAddress, Ban)| {
            *address == source && ban.scope == Ban::ALL && ban.holds(now)
        };
        self.banned.iter().any(is_meant).then_some(())
    }

    fn count(&self, (): ()) {}

    fn socket(&self, flow: &Flow) -> Socket {
        self.lookup.socket(flow)
    }

    fn membership<F: Frame>(&self, frame: &F, network: usize) -> Membership {
        if network < ETHERNET_HEADER {
            return Membership::OWN;
        }
        Tags::of(frame).map_or(Membership::UNKNOWN, |tags| self.host.vlans.membership(tags.vlans()))
    }
}
