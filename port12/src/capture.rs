//! Packet captures: pcap and pcapng files, read frame by frame in bounded memory.
//!
//! Nothing in a file is believed before it is checked, and a file that ends early or goes bad is
//! read as far as it goes; [`Summary::end`] says how far that was.

mod cut;
mod error;
mod link;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod source;
mod summary;
mod timestamp;

#[cfg(test)]
mod tests;

pub use cut::{CutFrame, finding};
pub use error::{CaptureError, Corruption};
pub use link::LinkType;
pub use reader::{CapturedFrame, Interface, Reader, open, read};
pub use summary::{End, Format, Summary};

/// Captured bytes of a frame that are read at most: libpcap's own limit on the snap length.
pub const MAX_CAPTURED_LENGTH: usize = 256 * 1024;

/// The length of a frame at most, in bytes: above the 512 KiB of Linux's BIG TCP.
pub const MAX_ORIGINAL_LENGTH: usize = 1024 * 1024;
