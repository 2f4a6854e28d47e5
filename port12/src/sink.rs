//! Where events and alerts go.

mod format;

pub use format::Format;
