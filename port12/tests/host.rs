//! What `port12::host` reads, against a kernel: in network namespaces that the tests make.
//! They need root, and say so; `PORT12_NO_ROOT=1` skips them.

#[path = "host/addresses.rs"]
mod addresses;
#[path = "host/forwarding.rs"]
mod forwarding;
#[path = "host/interfaces.rs"]
mod interfaces;
#[path = "host/namespace.rs"]
mod namespace;
#[path = "host/sockets.rs"]
mod sockets;
#[path = "host/xdp.rs"]
mod xdp;
