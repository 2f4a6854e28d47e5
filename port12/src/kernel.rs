//! The kernel program: its object, loading, attaching, and the memory it shares with user space.

pub mod allowlist;
pub mod attach;
pub mod banning;
pub mod bans;
pub mod binds;
pub mod clock;
pub mod egress;
mod errno;
pub mod events;
pub mod foreign;
pub mod guarded;
pub mod instance;
mod load_error;
pub mod mapped;
pub mod object;
pub mod pin;
pub mod pinned;
pub mod slot;
pub mod sources;
pub mod state;
pub mod unpinned;
mod verify;
pub mod whereabouts;
