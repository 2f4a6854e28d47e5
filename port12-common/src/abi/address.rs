//! Source address: the key of several maps.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A source address, in two halves, as they are in memory (network byte order). IPv4's is that of the
/// IPv6 address it is mapped to (RFC 4291 section 2.5.5.2); the first half of IPv6's is turned over by
/// `IPV6`, so that a packet from a mapped address is not taken for one of IPv4, and
/// that the unspecified address is not that of an empty slot.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct SourceAddress {
    pub(super) high: u64,
    pub(super) low: u64,
}

impl SourceAddress {
    /// No source, as in an empty slot.
    pub const NONE: Self = Self { high: 0, low: 0 };

    /// The first half of a multicast address, which is no source.
    const IPV6: u64 = 0xffff_ffff_ffff_ffff;

    const MAPPED: u32 = 0xffff_u32.to_be();

    /// That of IPv4, network byte order.
    #[inline(always)]
    pub const fn v4(address_be: u32) -> Self {
        Self { high: 0, low: pair(Self::MAPPED, address_be) }
    }

    /// That of IPv6, network byte order.
    #[inline(always)]
    pub const fn v6(address_be: [u32; 4]) -> Self {
        let [a, b, c, d] = address_be;
        Self { high: pair(a, b) ^ Self::IPV6, low: pair(c, d) }
    }

    /// IPv4's, network byte order; `None` for IPv6's.
    #[inline(always)]
    pub const fn v4_be(self) -> Option<u32> {
        let [mapped, address] = halves(self.low);
        if self.high == 0 && mapped == Self::MAPPED { Some(address) } else { None }
    }

    /// IPv6's, network byte order, of an address that is not IPv4's.
    #[inline(always)]
    pub const fn v6_be(self) -> [u32; 4] {
        let ([a, b], [c, d]) = (halves(self.high ^ Self::IPV6), halves(self.low));
        [a, b, c, d]
    }

    /// The address.
    pub fn address(self) -> IpAddr {
        let [high, low] = [(self.high ^ Self::IPV6).to_ne_bytes(), self.low.to_ne_bytes()];
        if let ([0, 0, 0xff, 0xff, a, b, c, d], 0) = (low, self.high) {
            return Ipv4Addr::new(a, b, c, d).into();
        }
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&high);
        octets[8..].copy_from_slice(&low);
        Ipv6Addr::from(octets).into()
    }

    /// Whether it is no single host's address (RFC 6890): that of this network, loopback, multicast, the
    /// limited broadcast, the unspecified one.
    #[inline(always)]
    pub const fn is_special(self) -> bool {
        let [a, b, ..] = self.low.to_ne_bytes();
        if self.high == 0 {
            // IPv4's, or an IPv6 address of all ones, which is multicast.
            let [_, _, _, _, first, rest @ ..] = self.low.to_ne_bytes();
            return matches!(first, 0 | 127 | 224..=239)
                || matches!((first, rest), (255, [255, 255, 255]))
                || a != 0
                || b != 0;
        }
        let [lead, ..] = (self.high ^ Self::IPV6).to_ne_bytes();
        lead == 0xff || self.high == Self::IPV6 && (self.low == 0 || self.low == 1_u64.to_be())
    }

    #[inline(always)]
    pub(super) const fn hash(self, seed: u64) -> u64 {
        // Odd: an even number would lose bits.
        let seed = seed | 1;
        (self.high.wrapping_mul(seed) ^ self.low).wrapping_mul(seed)
    }
}

impl From<IpAddr> for SourceAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::v4(u32::from_ne_bytes(address.octets())),
            IpAddr::V6(address) => {
                let octets = address.octets();
                let word = |at| {
                    u32::from_ne_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
                };
                Self::v6([word(0), word(4), word(8), word(12)])
            }
        }
    }
}

/// Two words of memory as the number they are there.
#[inline(always)]
const fn pair(first: u32, second: u32) -> u64 {
    if cfg!(target_endian = "little") {
        first as u64 | (second as u64) << 32
    } else {
        second as u64 | (first as u64) << 32
    }
}

/// The two that [`pair`] has put together.
#[inline(always)]
const fn halves(pair: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = pair.to_ne_bytes();
    [u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])]
}
