//! What user space knows about the host: its sockets on well-known ports, and its addresses.

use super::{PORTS, Vlans};
use crate::Transport;

/// Ports that have a socket, on any address or device of the network namespace.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Sockets {
    /// The heartbeat: jiffies up to which a clear bit proves that there is no socket.
    pub valid_until: u64,
    /// 1 where a socket look-up that finds nothing proves that there is no socket: no bridge,
    /// VRF, VLAN or other device stands above the interface.
    pub lookup_proves: u64,
    /// By UDP port: jiffies up to which a datagram may be a late answer, for a socket of this host had the port a
    /// short while ago.
    pub late_until: [u64; PORTS],
    /// By [`Transport`] and port; anything but 0 says that there is one, or may be: [`Sockets::LISTED`] or a
    /// number of [`Sockets::FRESH`] and more. A byte, for it is read in one go.
    pub listed: [[u8; PORTS]; Transport::ALL.len()],
}

impl Sockets {
    /// The last listing of the sockets has one.
    pub const LISTED: u8 = 1;

    /// One was bound since the last listing began. What a listing finds of it makes the number higher, up to
    /// [`Sockets::STALE`].
    pub const FRESH: u8 = 2;

    /// The bind is so many listings old that from here on the listing alone says whether there is one.
    pub const STALE: u8 = Self::FRESH + 8;

    /// No sockets, proven by nothing.
    pub const EMPTY: Self = Self {
        valid_until: 0,
        lookup_proves: 0,
        late_until: [0; PORTS],
        listed: [[0; PORTS]; Transport::ALL.len()],
    };

    /// Whether a well-known port has a socket.
    #[inline(always)]
    pub fn contains(&self, transport: Transport, port: u16) -> bool {
        self.listed[transport as usize][usize::from(port) & (PORTS - 1)] != 0
    }

    /// Whether a datagram to a well-known UDP port may be a late answer, at a time in jiffies.
    #[inline(always)]
    pub(crate) fn may_be_late(&self, port: u16, now: u64) -> bool {
        now <= self.late_until[usize::from(port) & (PORTS - 1)]
    }

    /// Marks a port; ports above 1023 are not kept.
    pub fn insert(&mut self, transport: Transport, port: u16) {
        if let Some(listed) = self.listed[transport as usize].get_mut(usize::from(port)) {
            *listed = Self::LISTED;
        }
    }
}

const BUCKETS_V4: usize = 1024;
const BUCKETS_V6: usize = 512;
const BUCKETS_BROADCAST: usize = 64;
const WAYS: usize = 4;
const PREFIXES: usize = 8;
const MACS: usize = 16;

/// An IPv4 prefix that is local as a whole (`ip route add local`), network byte order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Prefix4 {
    /// The network.
    pub network_be: u32,
    /// The mask.
    pub mask_be: u32,
}

/// An IPv6 prefix that is local as a whole, network byte order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Prefix6 {
    /// The network.
    pub network_be: [u32; 4],
    /// The mask.
    pub mask_be: [u32; 4],
}

impl Prefix4 {
    /// Matches nothing.
    pub const NOTHING: Self = Self { network_be: u32::MAX, mask_be: 0 };

    /// Whether an address, network byte order, is within.
    pub const fn contains(&self, address_be: u32) -> bool {
        address_be & self.mask_be == self.network_be
    }
}

impl Prefix6 {
    /// Matches nothing.
    pub const NOTHING: Self = Self { network_be: [u32::MAX; 4], mask_be: [0; 4] };

    /// Whether an address, network byte order, is within.
    pub fn contains(&self, address_be: [u32; 4]) -> bool {
        let words = address_be.iter().zip(&self.mask_be).zip(&self.network_be);
        words.fold(true, |within, ((address, mask), network)| within & (address & mask == *network))
    }
}

/// The addresses that the network namespace takes in: two bucketed hash tables whose seeds user
/// space chooses so that no bucket overflows, and a few prefixes. A look-up costs the same for
/// one address and for hundreds.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct Local {
    /// 1 where the tables hold every local address; 0 treats every destination as local.
    pub known: u64,
    /// The multiplier of the IPv4 hash; odd.
    pub seed_v4: u64,
    /// The multiplier of the IPv6 hash; odd.
    pub seed_v6: u64,
    /// Local prefixes shorter than an address. Where the first is nothing, all are.
    pub prefixes_v4: [Prefix4; PREFIXES],
    /// Local prefixes shorter than an address. Where the first is nothing, all are.
    pub prefixes_v6: [Prefix6; PREFIXES],
    /// Addresses in network byte order by hash; 0 is an empty element.
    pub v4_be: [[u32; WAYS]; BUCKETS_V4],
    /// Addresses in network byte order by hash; all 0 is an empty element.
    pub v6_be: [[[u32; 4]; WAYS]; BUCKETS_V6],
    /// Broadcast addresses of subnets, network byte order, by the same hash as IPv4; 0 is an empty element.
    pub broadcast_be: [[u32; WAYS]; BUCKETS_BROADCAST],
}

impl Local {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        known: 0,
        seed_v4: 1,
        seed_v6: 1,
        prefixes_v4: [Prefix4::NOTHING; PREFIXES],
        prefixes_v6: [Prefix6::NOTHING; PREFIXES],
        v4_be: [[0; WAYS]; BUCKETS_V4],
        v6_be: [[[0; 4]; WAYS]; BUCKETS_V6],
        broadcast_be: [[0; WAYS]; BUCKETS_BROADCAST],
    };

    /// The bucket of an address, network byte order.
    #[inline(always)]
    pub fn bucket_v4(&self, address_be: u32) -> usize {
        (u64::from(address_be).wrapping_mul(self.seed_v4) >> 54) as usize
    }

    /// The bucket of an address, network byte order.
    #[inline(always)]
    pub fn bucket_v6(&self, address_be: [u32; 4]) -> usize {
        let [a, b, c, d] = address_be;
        let high = u64::from(a) << 32 | u64::from(b);
        let low = u64::from(c) << 32 | u64::from(d);
        ((high.wrapping_mul(self.seed_v6) ^ low).wrapping_mul(self.seed_v6) >> 55) as usize
    }

    /// The bucket of a broadcast address, network byte order.
    #[inline(always)]
    pub fn bucket_broadcast(&self, address_be: u32) -> usize {
        self.bucket_v4(address_be) / (BUCKETS_V4 / BUCKETS_BROADCAST)
    }

    /// Whether an IPv4 address, network byte order, is the broadcast address of a subnet.
    #[inline(always)]
    pub(crate) fn is_broadcast(&self, address_be: u32) -> bool {
        let [a, b, c, d] = self.broadcast_be[self.bucket_broadcast(address_be)];
        let is_listed = a == address_be || b == address_be || c == address_be || d == address_be;
        is_listed && address_be != 0
    }

    /// Whether an IPv4 address, network byte order, is in the table, which holds no groups.
    #[inline(always)]
    pub(crate) fn lists_v4(&self, address_be: u32) -> bool {
        let [a, b, c, d] = self.v4_be[self.bucket_v4(address_be)];
        let is_listed = a == address_be || b == address_be || c == address_be || d == address_be;
        // 0.0.0.0 would match an empty element.
        is_listed && address_be != 0
    }

    /// Whether an IPv6 address, network byte order, is in the table, which holds no groups.
    #[inline(always)]
    pub(crate) fn lists_v6(&self, address_be: [u32; 4]) -> bool {
        let bucket = &self.v6_be[self.bucket_v6(address_be)];
        // The unspecified address would match an empty element.
        bucket.iter().any(|entry| same(entry, &address_be)) && !same(&address_be, &[0; 4])
    }

    /// Whether the host takes in an IPv4 destination, network byte order. Loopback, multicast
    /// and limited broadcast are always taken in.
    #[inline(always)]
    pub fn contains_v4(&self, address_be: u32) -> bool {
        if self.known == 0 {
            return true;
        }
        if self.lists_v4(address_be) {
            return true;
        }
        u32::from_be(address_be) >> 24 == 127
            || Self::is_group_v4(address_be)
            || self.is_broadcast(address_be)
            || (self.prefixes_v4[0].mask_be != 0 && self.within_v4(address_be))
    }

    /// Whether an IPv4 address, network byte order, is multicast or the limited broadcast, for which Linux takes
    /// 0.0.0.0 too: from a source of 0.0.0.0, it delivers such a datagram to each socket of the port. Between the two
    /// ranges, 240.0.0.0/4 is an address like others.
    #[inline(always)]
    pub(crate) fn is_group_v4(address_be: u32) -> bool {
        u32::from_be(address_be) >> 28 == 0xe || address_be == u32::MAX || address_be == 0
    }

    /// Whether the host takes in an IPv6 destination, network byte order. Multicast always is.
    #[inline(always)]
    pub fn contains_v6(&self, address_be: [u32; 4]) -> bool {
        if self.known == 0 {
            return true;
        }
        if self.lists_v6(address_be) {
            return true;
        }
        u32::from_be(address_be[0]) >> 24 == 0xff
            || (self.prefixes_v6[0].mask_be[0] != 0
                && self.within_v6(address_be[0], address_be[1], address_be[2], address_be[3]))
    }

    /// Out of line: most addresses are in the tables, and the registers are needed elsewhere.
    /// Without a branch: the kernel's verifier would walk each of them, from wherever it comes.
    #[inline(never)]
    fn within_v4(&self, address_be: u32) -> bool {
        let within = self.prefixes_v4.iter().fold(0, |within, prefix| {
            within | is_zero((address_be & prefix.mask_be) ^ prefix.network_be)
        });
        within != 0
    }

    /// By words: the address fits into registers. With branches: without them, all the prefixes would
    /// be on the stack at once, which is nearly full.
    #[inline(never)]
    fn within_v6(&self, a: u32, b: u32, c: u32, d: u32) -> bool {
        self.prefixes_v6.iter().any(|prefix| {
            let [network_a, network_b, network_c, network_d] = prefix.network_be;
            let [mask_a, mask_b, mask_c, mask_d] = prefix.mask_be;
            // A sum: the compiler would make a branch of each part of a disjunction.
            let differs = u64::from((a & mask_a) ^ network_a)
                + u64::from((b & mask_b) ^ network_b)
                + u64::from((c & mask_c) ^ network_c)
                + u64::from((d & mask_d) ^ network_d);
            differs == 0
        })
    }
}

/// The sign bit of a number that is 1 below zero where `number` is zero.
#[inline(always)]
fn is_zero(number: u32) -> u64 {
    u64::from(number).wrapping_sub(1) & 1 << 63
}

/// Word by word: comparing arrays would call `memcmp`, which the BPF target lacks.
#[inline(always)]
fn same(left: &[u32; 4], right: &[u32; 4]) -> bool {
    left[0] == right[0] && left[1] == right[1] && left[2] == right[2] && left[3] == right[3]
}

/// Everything that user space publishes about the host. It writes the inactive [`Local`] and
/// then flips [`active`](Self::active), so that a frame in flight sees the old or the new one.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct HostTable {
    /// Ports with sockets.
    pub sockets: Sockets,
    /// The index of the [`Local`] in force; only its lowest bit counts.
    pub active: u64,
    /// Local addresses, twice.
    pub local: [Local; 2],
    /// Unicast MAC addresses at which the host receives: those of the interface and of the devices above it, as
    /// [`HostTable::mac`] has them. 0 is an empty element.
    pub macs: [u64; MACS],
    /// VLAN devices above the interface.
    pub vlans: Vlans,
}

impl HostTable {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        sockets: Sockets::EMPTY,
        active: 0,
        local: [Local::UNKNOWN; 2],
        macs: [0; MACS],
        vlans: Vlans::EMPTY,
    };

    /// An element of [`HostTable::macs`]: the words of an address, network byte order, as they are in memory.
    #[inline(always)]
    pub const fn mac(words: [u16; 3]) -> u64 {
        let [first, second, third] = words;
        1 << 48 | (third as u64) << 32 | (second as u64) << 16 | first as u64
    }

    /// Whether an element is among the addresses.
    #[inline(never)]
    pub(crate) fn has_mac(&self, mac: u64) -> bool {
        // Without a branch: the kernel's verifier would walk each of them.
        let found = self.macs.iter().fold(0, |found, entry| found | (entry ^ mac).wrapping_sub(1));
        found >> 63 != 0
    }

    /// The addresses that count.
    #[inline(always)]
    pub(crate) fn local_in_force(&self) -> &Local {
        &self.local[(self.active & 1) as usize]
    }
}

const _: () = {
    assert!(size_of::<Sockets>() == 16 + 8 * 1024 + Transport::ALL.len() * PORTS);
    assert!(size_of::<Local>() == 24 + 64 + 256 + 16384 + 32768 + 1024);
    assert!(size_of::<HostTable>() == size_of::<Sockets>() + 8 + 2 * 50520 + 128 + 3088);
};
