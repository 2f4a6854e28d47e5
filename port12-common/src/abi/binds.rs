//! What the programs hear of binds: the maps of an object of their own, which are never pinned.

/// Interfaces whose [`Sockets::listed`](super::Sockets::listed) a bind is written to at once. Those
/// beyond learn of it at the next look at the sockets.
pub const HEARERS: usize = 32;

/// Bytes of the ring buffer: some 400 records.
pub const BIND_RING: usize = 32 << 10;

/// Names of the maps in the object.
pub mod bind_map {
    /// `Array<Hearing>`, one element.
    pub const HEARING: &str = "HEARING";
    /// `ArrayOfMaps<STATE>`: the `STATE` of each interface.
    pub const STATES: &str = "STATES";
    /// `SkStorage<BindRecord>`: who bound a TCP socket, until it listens.
    pub const BOUND: &str = "BOUND";
    /// A ring buffer of [`BindRecord`](super::BindRecord).
    pub const BINDS: &str = "BINDS";
}

/// Names of the programs in the object.
pub mod bind_program {
    /// Section `cgroup/post_bind4`.
    pub const BIND4: &str = "port12_bind4";
    /// Section `cgroup/post_bind6`.
    pub const BIND6: &str = "port12_bind6";
    /// Section `sockops`.
    pub const LISTEN: &str = "port12_listen";
}

/// What the programs go by, and what they count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Hearing {
    /// The cookie of the network namespace that is heard of; 0 while it is not known.
    pub namespace: u64,
    /// The cookie of a socket whose bind makes its network namespace the one that is heard of; 0 for none.
    pub probe: u64,
    /// Interfaces in `STATES`.
    pub hearers: u64,
    /// Records for which the ring buffer had no room, and TCP sockets of which nothing could be kept.
    pub lost: u64,
}

/// A UDP or UDP-Lite socket that was bound, or a TCP socket that began to listen, on a well-known port of the
/// network namespace that is heard of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(
    feature = "zerocopy",
    derive(zerocopy::FromBytes, zerocopy::Immutable, zerocopy::IntoBytes)
)]
pub struct BindRecord {
    /// When it was bound, in nanoseconds since the machine booted.
    pub boot_ns: u64,
    /// The socket's cookie, as sock_diag tells it.
    pub cookie: u64,
    /// The cgroup of who bound it, in the unified hierarchy: the inode of its directory.
    pub cgroup: u64,
    /// The local address, network byte order; that of an IPv4 socket is mapped into IPv6.
    pub address_be: [u32; 4],
    /// The process that bound it, by its number in the first PID namespace.
    pub process: u32,
    /// The thread.
    pub thread: u32,
    /// The real user id of who bound it, as the first user namespace has it.
    pub uid: u32,
    /// The local port.
    pub port: u16,
    /// A [`Transport`](crate::Transport).
    pub transport: u8,
    /// Zero.
    pub reserved: u8,
    /// What the thread that bound it calls itself; ends at the first 0.
    pub name: [u8; 16],
}

const _: () = {
    assert!(size_of::<Hearing>() == 32);
    assert!(size_of::<BindRecord>() == 72);
};
