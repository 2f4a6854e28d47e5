//! The two hosts of an exchange.

use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::AsRawFd as _,
    thread,
};

/// The source of each packet, unless the way changes it. It is no gateway, no name server and no peer of the host, so
/// that it can be banned.
pub const SENDER_V4: Ipv4Addr = Ipv4Addr::new(10, 12, 0, 66);
/// The same over IPv6.
pub const SENDER_V6: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 0x66);

/// A host, in a network namespace of its own.
pub struct End {
    /// The namespace.
    pub namespace: File,
    /// Its end of the cable.
    pub interface: String,
    pub v4: Ipv4Addr,
    pub v6: Ipv6Addr,
    pub mac: [u8; 6],
}

impl End {
    /// Does something in the namespace. Sockets that are opened in it stay in it.
    pub fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                // SAFETY: setns takes a descriptor; it changes this thread alone.
                let result = unsafe { libc::setns(self.namespace.as_raw_fd(), libc::CLONE_NEWNET) };
                assert_eq!(result, 0, "setns: {}", std::io::Error::last_os_error());
                act()
            });
            entered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// A cable with a host at each end. The near host has a default route over the cable and permanent neighbours for all
/// sources on it, so that it can answer each of them.
pub struct Site {
    /// The host under attack.
    pub near: End,
    /// The attacker's.
    pub far: End,
    /// The longest packet that the cable carries, in bytes.
    pub mtu: usize,
}

impl Site {
    /// The near host's link-local address.
    pub const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    /// A link-local source.
    pub const LINK_LOCAL_SENDER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x66);
    /// Another address of the near host's interface.
    pub const SECONDARY_V4: Ipv4Addr = Ipv4Addr::new(10, 12, 0, 11);
    /// The same over IPv6.
    pub const SECONDARY_V6: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 0x11);
    /// An address of the near host's loopback device.
    pub const ON_LO_V4: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
    /// The same over IPv6.
    pub const ON_LO_V6: Ipv6Addr = Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 1);
    /// An address within a prefix that a local route of the near host covers: 10.98.0.0/24.
    pub const IN_PREFIX_V4: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 7);
    /// The same over IPv6: fd98::/64.
    pub const IN_PREFIX_V6: Ipv6Addr = Ipv6Addr::new(0xfd98, 0, 0, 0, 0, 0, 0, 7);
    /// A group that the near host's sockets have joined.
    pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 12, 0, 1);
    /// The same over IPv6, of link-local scope.
    pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
    /// An anycast address that the near host's sockets have joined.
    pub const ANYCAST: Ipv6Addr = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0xac, 0xac);

    /// Sysctls of the near host under `net`: memory for the fragments of all exchanges, of which most wait for a first
    /// one that a filter has dropped. Without it, the stack refuses fragments by itself after some exchanges.
    pub const REASSEMBLY: [(&str, &str); 2] =
        [("ipv4/ipfrag_high_thresh", "134217728"), ("ipv6/ip6frag_high_thresh", "134217728")];

    /// A VLAN that the near host has a device for, if at all: of 802.1Q, and another one of 802.1ad.
    pub const VLAN: u16 = 7;
    /// A VLAN that it has a device for within that of 802.1Q.
    pub const INNER_VLAN: u16 = 9;

    /// All neighbours of the near host: each answers with the far host's hardware address.
    pub fn neighbours(&self) -> Vec<IpAddr> {
        let (v4, v6) = (self.far.v4, self.far.v6);
        vec![
            v4.into(),
            v6.into(),
            SENDER_V4.into(),
            SENDER_V6.into(),
            Self::LINK_LOCAL_SENDER.into(),
        ]
    }
}
