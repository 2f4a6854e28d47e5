//! BSD loopback: four bytes of address family.

use super::{IPV4, IPV6};

/// `LINKTYPE_NULL`: the family in the byte order of the machine that captured.
pub(super) fn null(bytes: &[u8]) -> Option<u16> {
    let family = u32::from_le_bytes(*bytes.first_chunk()?);
    // Families are small numbers, so the order shows.
    Some(protocol(if family > 0xffff { family.swap_bytes() } else { family }))
}

/// `LINKTYPE_LOOP`: the family in network byte order.
pub(super) fn network_order(bytes: &[u8]) -> Option<u16> {
    Some(protocol(u32::from_be_bytes(*bytes.first_chunk()?)))
}

/// The EtherType of a family; 0 where it is not IP. `AF_INET` is 2 everywhere. `AF_INET6` is 10 on
/// Linux, 23 on Windows, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS.
fn protocol(family: u32) -> u16 {
    match family {
        2 => IPV4,
        10 | 23 | 24 | 28 | 30 => IPV6,
        _ => 0,
    }
}
