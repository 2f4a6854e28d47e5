//! Why a capture, or a record in it, cannot be read.

use std::{io, path::PathBuf};

use super::{LinkType, MAX_CAPTURED_LENGTH, MAX_ORIGINAL_LENGTH, link::READ};

/// A capture of which nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It cannot be opened.
    #[error("{}: cannot be opened: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        error: io::Error,
    },
    /// Its first bytes cannot be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        error: io::Error,
    },
    /// It ends within its file header.
    #[error("{}: ends after {length} bytes, within the file header: it holds no frame", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// It is compressed.
    #[error("{}: is compressed: `{program} -dc {} | port12 replay -` reads it", path.display(), path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
        /// The program that unpacks it.
        program: &'static str,
    },
    /// It is another kind of file.
    #[error(
        "{}: is neither pcap nor pcapng: it starts with {start:02x?}; `editcap -F pcapng` converts \
         other capture formats", path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        start: [u8; 4],
    },
    /// Its file header is corrupt.
    #[error("{}: the file header is corrupt: {why}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The fault.
        #[source]
        why: Corruption,
    },
    /// None of its frames has a link type that is read.
    #[error("{}: link type {}: port12 reads {READ}", path.display(), list(links))]
    LinkTypes {
        /// The file.
        path: PathBuf,
        /// The link types of its frames.
        links: Vec<LinkType>,
    },
}

fn list(links: &[LinkType]) -> String {
    links.iter().map(LinkType::to_string).collect::<Vec<_>>().join(", ")
}

/// Fault of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Corruption {
    /// More was captured than any snap length lets through.
    #[error("a frame of {0} captured bytes (at most {MAX_CAPTURED_LENGTH} are read)")]
    CapturedLength(u32),
    /// A frame longer than any device sends.
    #[error("a frame of {0} bytes (at most {MAX_ORIGINAL_LENGTH} are read)")]
    OriginalLength(u32),
    /// A record header of zeros: what a file system leaves at the end of a file after a crash.
    #[error("a record of zeros")]
    Zeros,
    /// The frame does not fit into its block.
    #[error("a frame of {0} captured bytes in a block that is shorter")]
    FrameBeyondBlock(u32),
    /// A block length under 12, not a multiple of four, or beyond what a frame needs.
    #[error("a block length of {0}")]
    BlockLength(u32),
    /// The length after a block is not the one before it.
    #[error("a block whose lengths differ: {leading} before, {trailing} after")]
    BlockLengths {
        /// The length at its start.
        leading: u32,
        /// The length at its end.
        trailing: u32,
    },
    /// A section header without the byte-order magic.
    #[error("a section header with the byte-order magic {0:#010x}")]
    ByteOrder(u32),
    /// A frame of an interface that the section does not describe.
    #[error("a frame of interface {0}, which is not described")]
    Interface(u32),
    /// More interfaces than are kept.
    #[error("more than {0} interfaces")]
    InterfaceCount(usize),
    /// A block of a known type whose fields cannot be read.
    #[error("a block of type {0:#x} whose fields cannot be read")]
    Fields(u32),
}
