//! The kernel program: its object, loading, attaching, and the memory it shares with user space.

pub mod allowlist;
pub mod attach;
pub mod clock;
pub mod instance;
pub mod mapped;
pub mod object;
pub mod pin;
