//! Sender of a packet.

use port12_common::Transport;

use super::Process;

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

/// How it is known who has sent a packet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Behind {
    /// The processes have its socket.
    Holders,
    /// The process was running when the packet left, has the user of its socket, and nobody has the socket any
    /// longer: the sender, unless the packet had waited for the address of a neighbour.
    Running,
    /// The process was running when the packet left, and has ended since.
    Ended,
    /// Nobody was seen.
    Unseen,
}

impl Behind {
    /// Its name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holders => "process",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Unseen => "unseen",
        }
    }
}

/// Who has sent a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// How that is known.
    pub behind: Behind,
    /// The processes, with the lowest numbers; none where nobody was seen.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

impl Sender {
    /// Nobody was seen.
    pub const UNSEEN: Self =
        Self { behind: Behind::Unseen, processes: Vec::new(), more_processes: 0 };
}
