//! The embedded kernel object, and which of its programs the running kernel gets.

use aya::util::KernelVersion;
use port12_common::abi::{map, program};

/// The kernel object, as `cargo xtask build-ebpf` wrote it.
pub static OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o"));

/// The object with the programs that hear of binds: `bpftool prog loadall ... type xdp` takes the other one for
/// having XDP programs alone.
pub static BINDS_OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/binds.bpf.o"));

/// The object with logging compiled in.
#[cfg(feature = "trace")]
pub static TRACE_OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12-trace.bpf.o"));

/// The maps that are pinned, by their names in the object and in bpffs.
pub(super) const PINNED: [&str; 9] = [
    map::COUNTERS,
    map::STATE,
    map::CLOCK,
    map::ALLOW_V4,
    map::ALLOW_V6,
    map::BANS,
    map::EVIDENCE,
    map::PROTECTED,
    map::EVENTS,
];

/// How frames are taken: for each way, the object has programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryPoint {
    /// Takes frames of several buffers (kernel 5.18).
    Frags,
    /// Takes frames of one buffer.
    Linear,
}

impl EntryPoint {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::Frags, Self::Linear];

    /// The program's name in the object.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frags => program::FRAGS,
            Self::Linear => program::LINEAR,
        }
    }

    /// The name of the program that looks for bans of scope `all`, too.
    pub const fn name_for_all(self) -> &'static str {
        match self {
            Self::Frags => program::FRAGS_ALL,
            Self::Linear => program::LINEAR_ALL,
        }
    }

    /// The oldest kernel that takes its programs.
    pub const fn minimum(self) -> KernelVersion {
        match self {
            Self::Frags => KernelVersion::new(5, 18, 0),
            Self::Linear => KernelVersion::new(5, 10, 0),
        }
    }

    /// The best entry point for a kernel, or `None` where it is too old for any.
    pub fn for_kernel(version: KernelVersion) -> Option<Self> {
        Self::ALL.into_iter().find(|entry| version >= entry.minimum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_multi_buffer_program_needs_kernel_5_18() {
        let entry = |major, minor| EntryPoint::for_kernel(KernelVersion::new(major, minor, 0));
        assert_eq!(entry(6, 1), Some(EntryPoint::Frags));
        assert_eq!(entry(5, 18), Some(EntryPoint::Frags));
        assert_eq!(entry(5, 17), Some(EntryPoint::Linear));
        assert_eq!(entry(5, 10), Some(EntryPoint::Linear));
        assert_eq!(entry(5, 4), None);
    }
}
