//! Who knocks, as the program records it.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use port12::{
    kernel::{
        instance::LoadOptions,
        object::EntryPoint,
        sources::{Seen, Sources},
    },
    policy::{Mode, policy},
    snapshot::Snapshot,
};
use port12_common::{
    Outcome, Transport,
    abi::{Sockets, TransitPolicy},
    watched,
};

use crate::{
    cpus,
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
    support::{
        environment::{self, ADDRESS_V4, ADDRESS_V6},
        random::Random,
    },
};

/// With the registry's policy.
fn watching(entry: EntryPoint, mode: Mode) -> Subject {
    cpus::stay();
    let subject = Subject::bare(&LoadOptions::live(entry));
    let mut host = environment::host();
    host.sockets.listed = Sockets::EMPTY.listed;
    subject.set(&policy(&watched::BITS, mode, TransitPolicy::Pass), &host);
    subject
}

fn send(subject: &Subject, transport: Transport, source: IpAddr, port: u16) -> u64 {
    let destination: IpAddr = match source {
        IpAddr::V4(_) => ADDRESS_V4.into(),
        IpAddr::V6(_) => ADDRESS_V6.into(),
    };
    let (from, to) = (SocketAddr::new(source, SOURCE_PORT), SocketAddr::new(destination, port));
    let frame = knock(transport, from, to);
    subject.run(&frame).expect("test-run takes the frame");
    frame.len() as u64
}

fn seen(subject: &Subject, source: IpAddr) -> Seen {
    let seen = subject.instance.sources().read().merged();
    seen.get(&source).cloned().unwrap_or_else(|| panic!("{source} is not among {seen:?}"))
}

fn is_empty(sources: &Sources) -> bool {
    let counted = sources.evictions + sources.evicted.packets + sources.refused.packets;
    sources.slots.is_empty() && counted + sources.distinct == 0
}

fn watched(transport: Transport) -> impl Iterator<Item = u16> {
    let bits = watched::BITS[transport as usize];
    (0..1024).filter(move |port| bits[usize::from(port / 64)] >> (port % 64) & 1 == 1)
}

#[test]
fn a_source_has_its_exact_ports() {
    namespace::alone(|| {
        let v4: IpAddr = Ipv4Addr::new(198, 51, 100, 7).into();
        let v6: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6).into();
        for (entry, mode) in [(EntryPoint::Frags, Mode::Drop), (EntryPoint::Linear, Mode::Monitor)]
        {
            let subject = watching(entry, mode);
            let mut expected = BTreeSet::new();
            let (mut packets, mut bytes) = (0, 0);
            for transport in [Transport::Tcp, Transport::Udp, Transport::Sctp] {
                for port in watched(transport) {
                    for source in [v4, v6] {
                        let length = send(&subject, transport, source, port);
                        bytes += if source == v4 { length } else { 0 };
                    }
                    expected.insert((transport, port));
                    packets += 1;
                }
            }
            for source in [v4, v6] {
                let seen = seen(&subject, source);
                let touched: BTreeSet<_> = seen.touched.ports().collect();
                assert!(touched == expected, "{source}: {} ports", touched.len());
                assert_eq!((seen.packets, seen.touched.others().count()), (packets, 0), "{source}");
                assert!(seen.first_seen <= seen.last_seen);
            }
            assert_eq!(seen(&subject, v4).bytes, bytes);
            let sources = subject.instance.sources().read();
            assert_eq!((sources.slots.len(), sources.distinct, sources.evictions), (2, 2, 0));
        }
    });
}

#[test]
fn a_port_without_a_bit_is_told_by_its_transport() {
    namespace::alone(|| {
        let subject = watching(EntryPoint::Frags, Mode::Monitor);
        let source: IpAddr = Ipv4Addr::new(198, 51, 100, 8).into();
        let last = watched(Transport::Dccp).last().expect("DCCP has watched ports");
        send(&subject, Transport::Dccp, source, last);
        send(&subject, Transport::Tcp, source, 12);
        let seen = seen(&subject, source);
        assert!(seen.touched.ports().eq([(Transport::Tcp, 12)]));
        assert!(seen.touched.others().eq([Transport::Dccp]));
    });
}

#[test]
fn a_port_keeps_its_bit_when_the_rules_change() {
    namespace::alone(|| {
        let subject = watching(EntryPoint::Frags, Mode::Monitor);
        let source: IpAddr = Ipv4Addr::new(198, 51, 100, 9).into();
        send(&subject, Transport::Tcp, source, 12);
        send(&subject, Transport::Udp, source, 703);
        let mut more = watched::BITS;
        // 22 and 80 are watched as well, 12 no longer.
        more[Transport::Tcp as usize][0] |= 1 << 22;
        more[Transport::Tcp as usize][1] |= 1 << (80 - 64);
        more[Transport::Tcp as usize][0] &= !(1 << 12);
        subject.instance.set_policy(&policy(&more, Mode::Monitor, TransitPolicy::Pass));
        send(&subject, Transport::Tcp, source, 80);
        let expected = [(Transport::Tcp, 12), (Transport::Tcp, 80), (Transport::Udp, 703)];
        assert!(seen(&subject, source).touched.ports().eq(expected));
    });
}

#[test]
fn what_is_no_probe_has_no_source() {
    namespace::alone(|| {
        let subject = watching(EntryPoint::Frags, Mode::Drop);
        for port in [80, 40_000] {
            send(&subject, Transport::Tcp, Ipv4Addr::new(198, 51, 100, 10).into(), port);
        }
        assert!(is_empty(&subject.instance.sources().read()));
        let quiet =
            Subject::bare(&LoadOptions { sources: false, ..LoadOptions::live(EntryPoint::Frags) });
        quiet.set(&environment::policy(), &environment::host());
        send(&quiet, Transport::Tcp, Ipv4Addr::new(198, 51, 100, 10).into(), 12);
        assert!(is_empty(&quiet.instance.sources().read()));
    });
}

#[test]
fn a_flood_of_sources_loses_no_probe_and_hides_no_scanner() {
    namespace::alone(|| {
        let subject = watching(EntryPoint::Frags, Mode::Drop);
        let scanner: IpAddr = Ipv4Addr::new(198, 51, 100, 11).into();
        let mut random = Random::new(12);
        let (mut spoofed, mut sent) = (BTreeSet::new(), 0);
        for number in 0..30_000_u32 {
            if number % 100 == 0 {
                send(&subject, Transport::Tcp, scanner, 12);
                sent += 1;
            }
            // A unicast address out of all there are; IPv6 every third time.
            let source: IpAddr = if number % 3 == 0 {
                Ipv6Addr::from_bits(
                    0x2001_0db8 << 96 | u128::from(random.next()) << 16 | u128::from(number),
                )
                .into()
            } else {
                Ipv4Addr::from_bits(0x0b00_0000 | random.next() as u32 & 0x00ff_ffff).into()
            };
            send(&subject, Transport::Tcp, source, 14);
            spoofed.insert(source);
            sent += 1;
        }
        let snapshot = Snapshot::read(subject.instance.counters());
        assert_eq!(snapshot.outcome(Outcome::Dropped).packets, sent);
        let sources = subject.instance.sources().read();
        let counted: u64 = sources.slots.iter().map(|slot| slot.tally().packets).sum();
        assert_eq!(counted + sources.evicted.packets + sources.refused.packets, sent);
        assert!(sources.evictions > 0, "{} are in the table", sources.slots.len());
        let distinct = spoofed.len() as f64 + 1.0;
        // Four standard errors.
        let error = (sources.distinct as f64 - distinct).abs() / distinct;
        assert!(error < 0.065, "{} of {distinct} sources", sources.distinct);
        let scanner = &sources.merged()[&scanner];
        assert!(scanner.packets > 200, "{scanner:?}");
        assert!(scanner.touched.ports().eq([(Transport::Tcp, 12)]));
    });
}
