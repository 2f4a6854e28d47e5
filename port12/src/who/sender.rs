//! Who is behind a contact.

use crate::who::Process;

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
