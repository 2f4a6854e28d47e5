//! An XDP program of somebody else's.

use std::os::fd::OwnedFd;

use super::Namespace;

#[path = "../../host/xdp.rs"]
#[expect(dead_code, reason = "the tests of the host use the rest")]
mod xdp;

const OBJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o");

/// Has iproute2 attach port12's object, as an operator might, and returns the program's id.
pub fn attach(namespace: &Namespace, interface: &str) -> u32 {
    namespace.sh(&format!("ip link set dev {interface} xdp obj {OBJECT} sec xdp"));
    program(namespace, interface).expect("a program is attached")
}

/// Attaches a program named `theirs` that passes everything, for as long as the link is held.
pub fn hold(namespace: &Namespace, interface: &str) -> OwnedFd {
    namespace.enter(|| {
        let link = port12::host::interfaces::by_name(interface).unwrap();
        xdp::attach(link.index, xdp::NATIVE)
    })
}

/// The id of the program on an interface.
pub fn program(namespace: &Namespace, interface: &str) -> Option<u32> {
    let link = namespace.enter(|| port12::host::interfaces::by_name(interface)).unwrap();
    link.xdp.first().map(|attachment| attachment.program)
}
