//! An XDP program of somebody else's.

use std::os::fd::{AsFd as _, OwnedFd};

use port12::host::tc;

use super::Namespace;

#[path = "../../host/xdp.rs"]
#[expect(dead_code, reason = "the tests of the host use the rest")]
mod xdp;

/// `BPF_PROG_TYPE_SCHED_CLS`.
const SCHED_CLS: u32 = 3;

const OBJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o");

/// Has iproute2 attach port12's object, as an operator might, and returns the program's id.
pub fn attach(namespace: &Namespace, interface: &str) -> u32 {
    namespace.sh(&format!("ip link set dev {interface} xdp obj {OBJECT} sec xdp"));
    program(namespace, interface).expect("a program is attached")
}

/// Detaches the program of an interface from its link, as an operator does.
pub fn detach(namespace: &Namespace, interface: &str) {
    let program = program(namespace, interface).expect("a program is attached");
    let links = namespace.sh("bpftool --json link list");
    let links: serde_json::Value = serde_json::from_str(&links).unwrap();
    let links = links.as_array().unwrap();
    let link = links.iter().find(|it| it["prog_id"] == program).expect("it has a link");
    namespace.sh(&format!("bpftool link detach id {}", link["id"]));
}

/// Attaches a program named `theirs` that passes everything, for as long as the link is held.
pub fn hold(namespace: &Namespace, interface: &str) -> OwnedFd {
    namespace.enter(|| {
        let link = port12::host::interfaces::by_name(interface).unwrap();
        xdp::attach(link.index, xdp::NATIVE)
    })
}

/// Puts a filter on packets that leave by an interface, with a verdict (`TC_ACT_*`, linux/pkt_cls.h), and a priority
/// where that is not 0.
pub fn filter(namespace: &Namespace, interface: &str, verdict: u32, priority: u16) {
    namespace.enter(|| {
        let link = port12::host::interfaces::by_name(interface).unwrap();
        let program = xdp::load(SCHED_CLS, verdict);
        tc::add_program(link.index, program.as_fd(), "theirs", 7, priority).unwrap();
    });
}

/// The id of the program on an interface.
pub fn program(namespace: &Namespace, interface: &str) -> Option<u32> {
    let link = namespace.enter(|| port12::host::interfaces::by_name(interface)).unwrap();
    link.xdp.first().map(|attachment| attachment.program)
}
