//! Who is who in a lab: the near host is watched, the far host sends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 12, 0, 1);
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 12, 0, 2);
pub const NEAR_V6: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 1);
pub const FAR_V6: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 2);

pub const NEAR_MAC: [u8; 6] = [2, 0, 0, 0x12, 0, 1];
pub const FAR_MAC: [u8; 6] = [2, 0, 0, 0x12, 0, 2];

/// The near and the far address of each IP version.
pub const BOTH: [(IpAddr, IpAddr); 2] =
    [(IpAddr::V4(NEAR), IpAddr::V4(FAR)), (IpAddr::V6(NEAR_V6), IpAddr::V6(FAR_V6))];
