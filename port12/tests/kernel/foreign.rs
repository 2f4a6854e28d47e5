//! The object as it is, with no constant patched: what another loader gets.

use std::{collections::BTreeMap, net::SocketAddr, process};

use aya::{
    EbpfLoader,
    maps::Map,
    programs::{Program, TestRun as _, TestRunOptions},
};
use port12::{
    kernel::{
        mapped::Mapped,
        object::{EntryPoint, OBJECT},
    },
    registry::Registry,
    snapshot::Snapshot,
};
use port12_common::{
    Outcome, Transport,
    abi::{PORTS, map},
};

use crate::{
    knock::{SOURCE_PORT, knock},
    namespace,
};

const XDP_PASS: u32 = 2;

#[test]
fn the_multi_buffer_program_watches_the_registrys_ports_and_drops_nothing() {
    namespace::alone(|| watches_the_registry(EntryPoint::Frags));
}

#[test]
fn the_linear_program_watches_the_registrys_ports_and_drops_nothing() {
    namespace::alone(|| watches_the_registry(EntryPoint::Linear));
}

fn watches_the_registry(entry: EntryPoint) {
    let mut ebpf = EbpfLoader::new().load(OBJECT).expect("the object loads as it is");
    let Some(Program::Xdp(program)) = ebpf.program_mut(entry.name()) else {
        panic!("the object has no XDP program {}", entry.name());
    };
    program.load().expect("the kernel takes the program as it is");
    for transport in Transport::ALL {
        for port in 0..PORTS as u16 {
            let address = |port| SocketAddr::from(([10, 12, 0, 2], port));
            let frame = knock(transport, address(SOURCE_PORT), address(port));
            let options = TestRunOptions { data_in: Some(&frame), ..TestRunOptions::new() };
            let result = program.test_run(options).expect("test-run takes the frame");
            assert_eq!(result.return_value, XDP_PASS, "{transport}/{port}");
        }
    }
    let Some(Map::Array(counters)) = ebpf.map(map::COUNTERS) else {
        panic!("the object has no counters");
    };
    let snapshot = Snapshot::read(&Mapped::new(counters).expect("the counters can be mapped"));
    let mut watched = BTreeMap::<Transport, Vec<u16>>::new();
    for (transport, port, counters) in snapshot.ports() {
        let numbers = (counters.passed.packets, counters.dropped.packets, counters.local_socket);
        assert_eq!(numbers, (1, 0, 0), "{transport}/{port}");
        watched.entry(transport).or_default().push(port);
    }
    for transport in Transport::ALL {
        let expected: Vec<u16> = Registry::embedded().watched(transport).iter().collect();
        assert_eq!(watched[&transport], expected, "{transport}");
        let count = if transport == Transport::Tcp { 284 } else { 282 };
        assert_eq!(expected.len(), count, "{transport}");
    }
    let packets = |outcome| snapshot.outcome(outcome).packets;
    let all = (PORTS * Transport::ALL.len()) as u64;
    assert_eq!(packets(Outcome::Probe), 284 + 4 * 282);
    assert_eq!(packets(Outcome::Assigned), all - (284 + 4 * 282));
    assert_eq!(snapshot.frames().packets, all);
}

/// bpftool loads with libbpf. The mount is the shell's, and goes with it.
#[test]
fn bpftool_loads_and_pins_all_of_it() {
    namespace::alone(|| {
        let mount = std::env::temp_dir().join(format!("port12-bpf-{}", process::id()));
        std::fs::create_dir(&mount).expect("a directory to mount bpffs on");
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o");
        let listing = namespace::sh(&format!(
            "unshare --mount sh -ec 'mount -t bpf bpf {at}; \
             bpftool prog loadall {object} {at}/programs type xdp pinmaps {at}/maps; \
             for pin in {at}/programs/*; do bpftool prog show pinned $pin; done; \
             for pin in {at}/maps/*; do bpftool map show pinned $pin; done'",
            at = mount.display(),
        ));
        std::fs::remove_dir(&mount).expect("the directory is empty again");
        for program in ["port12", "port12_all", "port12_frags", "port12_allfrags", "port12_clock"] {
            let line = format!(": xdp  name {program}  tag ");
            assert_eq!(listing.matches(&line).count(), 1, "{program}:\n{listing}");
        }
        for map in [map::COUNTERS, map::STATE, map::CLOCK] {
            let line = format!(": array  name {map}  flags 0x400");
            assert_eq!(listing.matches(&line).count(), 1, "{map}:\n{listing}");
        }
        assert_eq!(listing.matches(": xdp ").count(), 5, "{listing}");
        assert_eq!(listing.matches(" gpl").count(), 5, "{listing}");
    });
}

/// The kinds of the programs are in the names of their sections.
#[test]
fn bpftool_takes_the_object_that_hears_of_binds() {
    namespace::alone(|| {
        let mount = std::env::temp_dir().join(format!("port12-binds-{}", process::id()));
        std::fs::create_dir(&mount).expect("a directory to mount bpffs on");
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/binds.bpf.o");
        let listing = namespace::sh(&format!(
            "unshare --mount sh -ec 'mount -t bpf bpf {at}; bpftool prog loadall {object} {at}/programs; \
             for pin in {at}/programs/*; do bpftool prog show pinned $pin; done'",
            at = mount.display(),
        ));
        std::fs::remove_dir(&mount).expect("the directory is empty again");
        for line in [
            ": cgroup_sock  name port12_bind4  tag ",
            ": cgroup_sock  name port12_bind6  tag ",
            ": sock_ops  name port12_listen  tag ",
        ] {
            assert_eq!(listing.matches(line).count(), 1, "{line}:\n{listing}");
        }
        assert_eq!(listing.matches(" gpl").count(), 3, "{listing}");
    });
}
