//! What user space must know of the host: who listens, which addresses are its own, what it
//! forwards, and what its interfaces are.
//!
//! Everything here speaks of the network namespace of the calling *thread*. Netlink and ioctls
//! are asked rather than sysfs, which shows the namespace it was mounted in.

mod client_ports;
mod diag;
mod error;
mod namespace;
mod netlink;
mod nexthops;
pub(crate) mod programs;
mod routes;

pub mod addresses;
pub mod capabilities;
pub mod cgroups;
pub mod forwarding;
pub mod interfaces;
pub mod machine;
pub mod news;
pub mod protected;
pub mod publish;
pub mod sockets;
pub mod tc;
pub mod time;

pub use client_ports::client_ports;
pub use error::HostError;
pub use namespace::namespace_cookie;
