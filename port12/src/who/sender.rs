//! Sender of a packet.

use port12_common::Transport;

/// Facts by which the sender of a packet is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PacketOrigin {
    /// The transport.
    pub transport: Transport,
    /// The source port.
    pub source_port: u16,
    /// User who made the socket.
    pub uid: u32,
    /// Cookie of the socket.
    pub cookie: u64,
    /// Process that was running when the packet left, and its name, as far as the kernel reports them (6.10, 6.16).
    pub running: Option<(i32, Option<String>)>,
}
