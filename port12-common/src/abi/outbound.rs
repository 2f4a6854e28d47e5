//! What the program counts and tells of packets that leave the host.

use super::{Budget, Local, PORTS, Rule, SourceAddress};
use crate::{Shape, Transport};

/// Ports that are counted at the same time, over all interfaces: the registry's 1,412 of one interface, and some
/// of others. One takes its memory when it is counted first.
pub const OUTBOUND_PORTS: usize = 2048;

/// Contacts that the program remembers to have told of.
pub const CONTACTS: usize = 512;

/// The bytes of the ring buffer: some 340 records.
pub const OUTBOUND_RING: usize = 32 << 10;

/// `TASK_COMM_LEN` (linux/sched.h): bytes of a process's name, the final zero among them.
pub const PROCESS_NAME: usize = 16;

/// What user space tells the program. As the kernel makes it, all zero, the registry's ports are counted, and what any
/// local socket has sent.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct OutboundState {
    /// By [`Transport`] and port.
    pub rules: [[Rule; PORTS]; Transport::ALL.len()],
    /// The first and the last port that the kernel gives a socket which asks for none; where both are 0, they are
    /// those of [`OutboundState::CLIENT_PORTS`].
    pub client_ports: [u32; 2],
    /// The host's own addresses, where the kernel does not tell whose a socket is.
    pub addresses: Local,
}

impl OutboundState {
    /// Linux's `net.ipv4.ip_local_port_range`, unless somebody has changed it.
    pub const CLIENT_PORTS: [u32; 2] = [32_768, 60_999];

    /// Whether a port is one that the kernel gives a socket which asks for none: a client's.
    #[inline(always)]
    pub fn is_of_client(&self, port: u16) -> bool {
        let [first, last] = match self.client_ports {
            [_, 0] => Self::CLIENT_PORTS,
            ports => ports,
        };
        let port = u32::from(port);
        first <= port && port <= last
    }

    /// Whether an address is the host's own, as far as it is known.
    #[inline(always)]
    pub fn is_own(&self, address: SourceAddress) -> bool {
        match address.v4_be() {
            Some(v4) => self.addresses.contains_v4(v4),
            None => self.addresses.contains_v6(address.v6_be()),
        }
    }
}

/// Where a conversation was started to.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct OutboundPort {
    /// The index of the interface by which it left.
    pub interface: u32,
    /// The destination port.
    pub port: u16,
    /// A [`Transport`].
    pub transport: u16,
}

/// What was counted for it. All CPUs add to it, atomically.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct OutboundTally {
    /// Packets that start a conversation, as they are on the wire: one that the device or the stack is to cut up
    /// counts as its segments.
    pub packets: u64,
    /// Bytes of those packets, with the headers of all segments.
    pub bytes: u64,
    /// Nanoseconds since boot, suspend included, of the last one.
    pub last_seen: u64,
}

/// Who has started a conversation with whom: it is told of once in a while.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Contact {
    /// Where it goes.
    pub destination: SourceAddress,
    /// The index of the interface.
    pub interface: u32,
    /// The socket's user id.
    pub uid: u32,
    /// The running process, or 0.
    pub process: u32,
    /// The destination port.
    pub port: u16,
    /// A [`Transport`].
    pub transport: u16,
}

/// What is told of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct OutboundRecord {
    /// Nanoseconds since boot, suspend included: `bpf_ktime_get_boot_ns` (kernel 5.8).
    pub boot_ns: u64,
    /// Who and whither.
    pub contact: Contact,
    /// Where the packet says it comes from.
    pub source: SourceAddress,
    /// The socket's cookie, as sock_diag has it.
    pub cookie: u64,
    /// What the running process calls itself, where it was asked for; it need not be the one that sends.
    pub name: [u8; PROCESS_NAME],
    /// The source port.
    pub source_port: u16,
    /// A [`Shape`].
    pub shape: u8,
    /// Zero.
    pub reserved: [u8; 5],
}

impl OutboundRecord {
    /// The transport; `None` for a number that is none.
    pub fn transport(&self) -> Option<Transport> {
        Transport::ALL.get(usize::from(self.contact.transport)).copied()
    }

    /// How the conversation starts; `None` for a number that is none.
    pub fn shape(&self) -> Option<Shape> {
        Shape::ALL.get(usize::from(self.shape)).copied()
    }
}

/// What a CPU tells, and what became of it. Of all that were due, each is in one of the three sums.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct OutboundTelling {
    /// How much may be told. Its time is [`OutboundTelling::ticks`].
    pub budget: Budget,
    /// Records that were put into the ring buffer.
    pub told: u64,
    /// Records for which there was no budget.
    pub suppressed: u64,
    /// Records for which there was no room in the ring buffer.
    pub lost: u64,
    /// Packets of ports for which there was no room among the [`OUTBOUND_PORTS`].
    pub uncounted: u64,
}

impl OutboundTelling {
    /// Ticks in a second of the budget's time: 2^20 nanoseconds each.
    pub const TICKS_PER_SECOND: u64 = 1_000_000_000 >> 20;

    /// The budget's time.
    #[inline(always)]
    pub const fn ticks(boot_ns: u64) -> u64 {
        boot_ns >> 20
    }
}

const _: () = {
    assert!(size_of::<OutboundState>() == Transport::ALL.len() * PORTS + 8 + 50_520);
    assert!(size_of::<OutboundPort>() == 8);
    assert!(size_of::<OutboundTally>() == 24);
    assert!(size_of::<Contact>() == 32);
    assert!(size_of::<OutboundRecord>() == 88);
    assert!(size_of::<OutboundTelling>() == 64);
};
