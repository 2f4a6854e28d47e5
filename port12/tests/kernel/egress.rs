//! The program over packets that leave, over named frames: it counts what starts a conversation, and always leaves the
//! verdict to others. Test-run's packets have a socket of the calling thread's network namespace.

use std::{collections::BTreeMap, net::SocketAddr, os::fd::AsFd as _};

use aya::{
    maps::{HashMap, Map, MapData, RingBuf},
    programs::{ProgramError, SchedClassifier, TestRun as _, TestRunOptions},
};
use port12::{
    host::namespace_cookie,
    kernel::egress::{Asks, Egress, OBJECT, Process},
    outbound::{Contact, Reading},
};
use port12_common::{
    Layer, Outcome, Transport,
    abi::{OutboundPort, OutboundTally, PORTS, map, program},
    departure,
};

use crate::{
    knock::{SOURCE_PORT, knock},
    namespace,
    support::{environment, named, random::Random},
    tell::tell,
};

/// `TC_ACT_UNSPEC` of linux/pkt_cls.h, which is `TCX_NEXT`.
const NEXT: u32 = u32::MAX;

/// What test-run asks for: an Ethernet header.
const SHORTEST: usize = 14;

const PLAIN: Asks = Asks { process: Process::Nothing, namespace: false };

/// The program, with the policy of the named frames.
fn load(asks: Asks, namespace: Option<u64>) -> (Egress, RingBuf<MapData>) {
    let egress = Egress::load_asking(asks, namespace).expect("the kernel takes it");
    egress.set_rules(&environment::policy().rules);
    let ring = egress.ring().expect("the ring buffer");
    (egress, ring)
}

/// Offsets in `struct __sk_buff` (linux/bpf.h).
const WIRE_LENGTH: usize = 160;
const SEGMENTS: usize = 164;
const CONTEXT: usize = 192;

fn run(egress: &mut Egress, layer: Layer, frame: &[u8], context: Option<&[u8]>) -> u32 {
    try_run(egress, layer, frame, context).expect("test-run takes the frame")
}

/// The verdict over a frame; `None` where test-run refuses it.
fn try_run(egress: &mut Egress, layer: Layer, frame: &[u8], context: Option<&[u8]>) -> Option<u32> {
    let options = TestRunOptions { data_in: Some(frame), ctx_in: context, ..TestRunOptions::new() };
    match egress.test_run(layer, options) {
        Ok(result) => Some(result.return_value),
        Err(ProgramError::SyscallError(error))
            if error.io_error.raw_os_error() == Some(libc::EINVAL) =>
        {
            None
        }
        Err(error) => panic!("test-run: {error}"),
    }
}

/// Counts by transport and port.
fn counted(egress: &Egress) -> BTreeMap<(u16, u16), OutboundTally> {
    let tallies = egress.tallies().into_iter();
    tallies.map(|(port, tally)| ((port.transport, port.port), tally)).collect()
}

fn contacts(ring: &mut RingBuf<MapData>) -> Vec<Contact> {
    let reading = Reading::new();
    let mut contacts = Vec::new();
    while let Some(record) = ring.next() {
        contacts.extend(reading.contact(&record, |index| index.to_string().into()));
    }
    contacts
}

#[test]
fn every_named_frame_is_passed_on_and_what_starts_a_conversation_is_counted() {
    namespace::alone(|| {
        for layer in [Layer::Ethernet, Layer::Ip] {
            let (mut egress, _ring) = load(PLAIN, None);
            let policy = environment::policy();
            let mut expected: BTreeMap<(u16, u16), u64> = BTreeMap::new();
            let (mut frames, mut starts, mut refused) = (0, 0, Vec::new());
            for frame in named::all() {
                if frame.layer != layer {
                    continue;
                }
                let Some(verdict) = try_run(&mut egress, layer, &frame.bytes, None) else {
                    refused.push((frame.name, frame.bytes.len()));
                    continue;
                };
                assert_eq!(verdict, NEXT, "{}", frame.name);
                let rule = |transport, port| policy.rule(transport, port);
                let found = departure(&frame.bytes.as_slice(), layer, rule).ok().flatten();
                frames += 1;
                if let Some(found) = found {
                    starts += 1;
                    *expected.entry((found.transport as u16, found.port)).or_default() += 1;
                }
                let counts: BTreeMap<_, _> = counted(&egress)
                    .into_iter()
                    .map(|(port, tally)| (port, tally.packets))
                    .collect();
                assert_eq!(counts, expected, "{}", frame.name);
            }
            assert!(starts > 1, "{starts}");
            tell(&format!(
                "{layer:?}: {frames} named frames were passed on, {starts} are starts; refused: {refused:?}"
            ));
        }
    });
}

/// What is a probe for a host that takes it in is a start for one that sends it.
#[test]
fn a_start_is_what_would_be_a_probe() {
    namespace::alone(|| {
        let (mut egress, _ring) = load(PLAIN, None);
        for frame in named::all().iter().filter(|frame| frame.layer == Layer::Ethernet) {
            if !matches!(frame.expected.outcome, Outcome::Probe | Outcome::Dropped) {
                continue;
            }
            let segment = frame.expected.segment.expect("a probe has a port");
            let port = (segment.transport as u16, segment.port);
            let before = counted(&egress).get(&port).copied().unwrap_or_default();
            run(&mut egress, frame.layer, &frame.bytes, None);
            let after = counted(&egress)[&port];
            assert_eq!(after.packets - before.packets, 1, "{}", frame.name);
            assert_eq!(after.bytes - before.bytes, frame.bytes.len() as u64, "{}", frame.name);
            assert!(after.last_seen >= before.last_seen && after.last_seen > 0);
        }
    });
}

#[test]
fn garbage_is_passed_on() {
    namespace::alone(|| {
        let (mut egress, _ring) = load(PLAIN, None);
        let mut random = Random::new(12);
        let (frames, mut taken) = (named::all(), 0);
        for round in 0..4000 {
            let mut bytes = frames[round % frames.len()].bytes.clone();
            for _ in 0..4 {
                if !bytes.is_empty() {
                    let at = random.below(bytes.len());
                    bytes[at] = random.below(256) as u8;
                }
            }
            bytes.truncate(random.below(bytes.len() + 1));
            bytes.resize(bytes.len().max(SHORTEST), 0xff);
            let layer = [Layer::Ethernet, Layer::Ip][round % 2];
            if let Some(verdict) = try_run(&mut egress, layer, &bytes, None) {
                assert_eq!(verdict, NEXT, "{bytes:02x?}");
                taken += 1;
            }
        }
        assert!(taken > 2000, "{taken}");
    });
}

fn syn() -> Vec<u8> {
    let all = named::all();
    all.into_iter().find(|frame| frame.name == "v4_tcp_syn_12").expect("it is named").bytes
}

#[test]
fn segments_count_one_by_one_with_the_bytes_on_the_wire() {
    namespace::alone(|| {
        let (mut egress, _ring) = load(PLAIN, None);
        let mut context = [0; CONTEXT];
        context[WIRE_LENGTH..][..4].copy_from_slice(&3000_u32.to_ne_bytes());
        context[SEGMENTS..][..4].copy_from_slice(&3_u32.to_ne_bytes());
        run(&mut egress, Layer::Ethernet, &syn(), Some(&context));
        let tally = counted(&egress)[&(Transport::Tcp as u16, 12)];
        assert_eq!((tally.packets, tally.bytes), (3, 3000));
    });
}

#[test]
fn a_socket_of_another_namespace_is_not_this_hosts() {
    namespace::alone(|| {
        let asks = Asks { namespace: true, ..PLAIN };
        let own = namespace_cookie().expect("kernel 5.14");
        for (cookie, expected) in [(own, 1), (own + 1, 0)] {
            let (mut egress, _ring) = load(asks, Some(cookie));
            assert_eq!(run(&mut egress, Layer::Ethernet, &syn(), None), NEXT);
            assert_eq!(counted(&egress).len(), expected);
        }
    });
}

/// As far as the kernel tells no more, what does not come from an own address is not this host's.
#[test]
fn where_the_kernel_tells_no_namespace_the_source_address_decides() {
    namespace::alone(|| {
        let (mut egress, _ring) = load(PLAIN, None);
        let state = crate::subject::Subject::load(
            port12::kernel::object::EntryPoint::Linear,
            Layer::Ethernet,
        );
        // The host of the named frames has the address of their destination.
        egress.copy_addresses(state.instance.state());
        run(&mut egress, Layer::Ethernet, &syn(), None);
        assert!(counted(&egress).is_empty());
        let mut own = syn();
        own[26..30].copy_from_slice(&environment::ADDRESS_V4.octets());
        run(&mut egress, Layer::Ethernet, &own, None);
        assert_eq!(counted(&egress).len(), 1);
    });
}

#[test]
fn a_contact_is_told_once_with_the_running_process_and_within_a_budget() {
    namespace::alone(|| {
        let asks = Asks { process: Process::Name, namespace: false };
        let (mut egress, mut ring) = load(asks, None);
        for _ in 0..10 {
            run(&mut egress, Layer::Ethernet, &syn(), None);
        }
        let told = contacts(&mut ring);
        assert_eq!(told.len(), 1, "{told:?}");
        let contact = &told[0];
        assert_eq!((contact.transport, contact.port), (Transport::Tcp, 12));
        assert_eq!(contact.destination, environment::ADDRESS_V4);
        let (pid, name) = contact.running.clone().expect("kernel 6.16");
        assert_eq!(pid as u32, std::process::id());
        assert!(name.is_some());
        let (mut nameless, mut its_ring) = load(Asks { process: Process::Number, ..PLAIN }, None);
        run(&mut nameless, Layer::Ethernet, &syn(), None);
        let told = contacts(&mut its_ring);
        assert_eq!(told[0].running, Some((pid, None)));
        // Others each have their own.
        for last in 0..=255 {
            for third in 0..4 {
                let mut other = syn();
                other[30..34].copy_from_slice(&[198, 18, third, last]);
                run(&mut egress, Layer::Ethernet, &other, None);
            }
        }
        let (told, sums) = (1 + contacts(&mut ring).len() as u64, egress.told());
        assert_eq!(sums.told, told);
        assert_eq!(sums.told + sums.suppressed + sums.lost, 1 + 1024, "{sums:?}");
        assert!((300..700).contains(&sums.told), "{sums:?}");
        assert_eq!(counted(&egress)[&(Transport::Tcp as u16, 12)].packets, 10 + 1024);
    });
}

#[test]
fn what_was_counted_for_an_interface_is_forgotten_with_it() {
    namespace::alone(|| {
        let (mut egress, _ring) = load(PLAIN, None);
        run(&mut egress, Layer::Ethernet, &syn(), None);
        let interfaces: Vec<u32> =
            egress.tallies().keys().map(|it: &OutboundPort| it.interface).collect();
        egress.forget(interfaces[0] + 1);
        assert_eq!(egress.tallies().len(), 1);
        egress.forget(interfaces[0]);
        assert!(egress.tallies().is_empty());
    });
}

/// bpftool loads with libbpf. The mount is the shell's, and goes with it.
#[test]
fn another_loader_takes_it_as_it_is() {
    namespace::alone(|| {
        let mount = std::env::temp_dir().join(format!("port12-egress-bpf-{}", std::process::id()));
        std::fs::create_dir(&mount).expect("a directory to mount bpffs on");
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/egress.bpf.o");
        let listing = namespace::sh(&format!(
            "unshare --mount sh -ec 'mount -t bpf bpf {at}; \
             bpftool prog loadall {object} {at}/programs type classifier pinmaps {at}/maps; \
             for pin in {at}/programs/*; do bpftool prog show pinned $pin; done'",
            at = mount.display(),
        ));
        std::fs::remove_dir(&mount).expect("the directory is empty again");
        for program in [program::EGRESS, program::EGRESS_IP] {
            let line = format!(": sched_cls  name {program}  tag ");
            assert_eq!(listing.matches(&line).count(), 1, "{program}:\n{listing}");
        }
    });
}

/// Every port of every transport: the registry's count, and none of it is told.
#[test]
fn unpatched_it_counts_the_registrys_ports_and_tells_nothing() {
    namespace::alone(|| {
        let mut ebpf = aya::EbpfLoader::new().load(OBJECT).expect("it loads as it is");
        let program: &mut SchedClassifier =
            ebpf.program_mut(program::EGRESS).expect("it is there").try_into().expect("its type");
        program.load().expect("the kernel takes it as it is");
        for transport in Transport::ALL {
            for port in 0..PORTS as u16 {
                let address = |port| SocketAddr::from(([10, 12, 0, 2], port));
                let frame = knock(transport, address(SOURCE_PORT), address(port));
                let options = TestRunOptions { data_in: Some(&frame), ..TestRunOptions::new() };
                let verdict = program.test_run(options).expect("test-run takes it").return_value;
                assert_eq!(verdict, NEXT, "{transport}/{port}");
            }
        }
        let Some(Map::HashMap(ports)) = ebpf.map(map::OUT_PORTS) else { panic!("no ports") };
        let descriptor = ports.fd().as_fd().try_clone_to_owned().expect("a descriptor");
        let ports = MapData::from_fd(descriptor).expect("the map");
        let ports = HashMap::<_, [u8; 8], [u64; 3]>::try_from(Map::HashMap(ports)).expect("a map");
        let counts: Vec<_> = ports.iter().map(|entry| entry.expect("an entry").1[0]).collect();
        assert_eq!((counts.len(), counts.iter().max()), (284 + 4 * 282, Some(&1)));
        let Some(Map::RingBuf(ring)) = ebpf.map_mut(map::OUT_EVENTS) else { panic!("no ring") };
        let mut ring = RingBuf::try_from(Map::RingBuf(
            MapData::from_fd(ring.fd().as_fd().try_clone_to_owned().expect("a descriptor"))
                .expect("the map"),
        ))
        .expect("a ring buffer");
        assert!(ring.next().is_none());
    });
}
