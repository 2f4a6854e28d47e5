//! All that user space tells one program instance, in one element: a look-up finds it.

use super::{HostTable, PORTS, Policy};
use crate::Transport;

/// What an instance is, for whoever finds its maps in bpffs. The first word is the version in
/// every layout there will be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct Header {
    /// The [`VERSION`](super::VERSION) of the layout of all maps; 0 where user space has written
    /// none.
    pub version: u64,
    /// When the program was attached, in seconds since the epoch.
    pub attached_at: u64,
    /// The inode of the network namespace that the interface is in.
    pub namespace: u64,
    /// 1 where the program looks for bans of scope [`Ban::ALL`](super::Ban::ALL).
    pub shuts_out: u64,
    /// Zero.
    pub reserved: [u64; 4],
}

/// The element. As the kernel makes it, all zero, the program observes the registry's ports and
/// drops nothing.
#[derive(Clone, Copy)]
#[repr(C)]
#[cfg_attr(feature = "zerocopy", derive(zerocopy::FromBytes, zerocopy::Immutable))]
pub struct State {
    /// What the instance is.
    pub header: Header,
    /// What to do about each port.
    pub policy: Policy,
    /// The host's sockets and addresses.
    pub host: HostTable,
    /// Ports on which the policy expects a listener, a bit each. The program does not read it.
    pub expected: ExpectedPorts,
}

/// A bit for each transport and port: bit `port % 64` of word `port / 64`.
pub type ExpectedPorts = [[u64; PORTS / 64]; Transport::ALL.len()];

const _: () = {
    assert!(size_of::<Header>() == 64);
    assert!(
        size_of::<State>()
            == 64 + size_of::<Policy>() + size_of::<HostTable>() + size_of::<ExpectedPorts>()
    );
};
