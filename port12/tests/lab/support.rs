//! What the lab is built of.

pub mod addresses;
pub mod attacker;
pub mod banning;
pub mod build;
pub mod cpus;
pub mod flood;
pub mod foreign;
pub mod frame;
pub mod inject;
pub mod knock;
pub mod layout6;
pub mod namespace;
pub mod ordinary;
pub mod pair;
pub mod port12;
pub mod raw;
pub mod report;
pub mod root;
pub mod seccomp;
pub mod sk_lookup;
pub mod sockets;
pub mod stay;
pub mod wait;

pub use attacker::Victim;
pub use banning::Banning;
pub use inject::Seized;
pub use knock::reaches;
pub use namespace::Namespace;
pub use ordinary::Ordinary;
pub use pair::Pair;
pub use port12::Port12;
pub use raw::Raw;
pub use report::{Report, mode};
pub use root::lab;
pub use stay::Bpffs;
pub use wait::until;
