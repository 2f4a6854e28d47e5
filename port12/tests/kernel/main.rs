//! The real program in the running kernel, by `BPF_PROG_TEST_RUN`: nothing is attached. The tests
//! need root, and say so; `PORT12_NO_ROOT=1` skips them.

mod allowlist;
mod bans;
mod binds;
mod constants;
mod counts;
mod cpus;
mod differential;
mod egress;
mod events;
mod foreign;
mod gate;
mod knock;
mod linear_part;
mod live_sockets;
mod loader;
mod local_addresses;
mod memory;
mod named;
#[path = "../host/namespace.rs"]
#[expect(dead_code, reason = "the tests of the host use the rest")]
mod namespace;
mod shut_out;
mod sources;
mod subject;
#[path = "../../../tests/support/support.rs"]
mod support;
mod tell;
mod untagged;
