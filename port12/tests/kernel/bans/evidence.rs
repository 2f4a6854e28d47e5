//! Probes that speak against their source, and datagrams that do not.

use std::net::{IpAddr, SocketAddr};

use etherparse::PacketBuilder;
use port12::{
    kernel::{bans::Bans, instance::LoadOptions, object::EntryPoint},
    mapped_write,
};
use port12_common::{
    Outcome, Transport,
    abi::{Action, Gate, HostTable, Policy, SLOTS, Source, SourceAddress},
};

use super::{HOUR, deeds, ip, moment, terms};
use crate::{cpus::pin, knock::knock, namespace, subject::Subject};

const BROADCAST: [u8; 4] = [192, 0, 2, 255];
const SOURCE: &str = "198.51.100.7";

/// A program that watches some ports of TCP and UDP, and bans after five probes. A socket had UDP port 700
/// a short while ago.
fn subject(entry: EntryPoint) -> (Subject, Bans) {
    let subject = Subject::bare(&LoadOptions::live(entry));
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::SHUT;
    // No more than the sets of sources tell apart.
    for port in (12..=61).chain([700]) {
        policy.set(Transport::Tcp, port, Action::Watch.into());
        policy.set(Transport::Udp, port, Action::Watch.into());
    }
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    host.sockets.lookup_proves = 1;
    host.sockets.late_until[700] = u64::MAX;
    let broadcast = u32::from_ne_bytes(BROADCAST);
    let bucket = host.local[0].bucket_broadcast(broadcast);
    host.local[0].broadcast_be[bucket][0] = broadcast;
    subject.set(&policy, &host);
    subject.instance.sources().tell_apart(&policy.rules);
    subject.instance.set_terms(Some(&terms(5)));
    subject.instance.vouch(&moment(&subject), HOUR);
    let bans = subject.instance.bans(None).expect("the map is one of bans");
    (subject, bans)
}

/// A datagram to the host.
fn datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let IpAddr::V4(source) = ip(SOURCE) else { panic!("an IPv4 address") };
    let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4(source.octets(), [192, 0, 2, 1], 64)
        .udp(from, to);
    let mut frame = Vec::new();
    builder.write(&mut frame, payload).expect("a frame can be written to a vector");
    frame
}

const DNS_ANSWER: [u8; 12] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0];

#[test]
fn a_packet_to_a_group_is_no_evidence() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans) = subject(entry);
            for (source, group) in [
                (SOURCE, "255.255.255.255"),
                (SOURCE, "192.0.2.255"),
                (SOURCE, "224.0.0.251"),
                ("2001:db8::7", "ff02::fb"),
            ] {
                for transport in [Transport::Tcp, Transport::Udp] {
                    let to = |destination: &str| {
                        let to = SocketAddr::new(ip(destination), 12);
                        subject.outcome(&knock(transport, SocketAddr::new(ip(source), 40_000), to))
                    };
                    for _ in 0..20 {
                        assert_eq!(to(group), Outcome::Probe, "{transport} to {group}");
                    }
                    assert!(bans.list().expect("listed").is_empty(), "{transport} to {group}");
                    let own = if ip(source).is_ipv4() { "192.0.2.1" } else { "2001:db8::1" };
                    for _ in 0..5 {
                        assert_eq!(to(own), Outcome::Probe);
                    }
                    assert_eq!(to(own), Outcome::Banned);
                    let lifted = bans.remove(&[ip(source)], moment(&subject).jiffies);
                    assert_eq!(lifted.expect("lifted"), [ip(source)]);
                }
            }
        }
    });
}

#[test]
fn answers_to_few_ports_are_no_evidence_and_forged_ones_to_many_are() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, bans) = subject(entry);
            // First touches are known by CPU.
            assert!(pin(0));
            let answer = |to: u16| subject.outcome(&datagram(53, to, &DNS_ANSWER));
            // A reflected flood, and late answers to some ports.
            for _ in 0..500 {
                assert_eq!(answer(12), Outcome::Probe);
            }
            // Five probes weigh as much as the first answers to fifty ports.
            for port in 13..=60 {
                assert_eq!(answer(port), Outcome::Probe, "the first to {port}");
                assert_eq!(answer(port), Outcome::Probe, "another to {port}");
            }
            assert_eq!(answer(61), Outcome::Probe, "the fiftieth");
            assert_eq!(answer(61), Outcome::Banned);
            assert_eq!(bans.list().expect("listed").len(), 1);
            assert_eq!(deeds(&subject).banned, 1);
        }
    });
}

/// After a flood of forged sources, each slot of the table is another's, and outweighs any newcomer.
fn fill_sources(subject: &Subject) {
    let counters = subject.instance.counters();
    let now = moment(subject).jiffies;
    let other = SourceAddress::from(ip("203.0.113.1"));
    let slot = Source { address: other, last_seen: now, weight: 1 << 31, ..Source::EMPTY };
    for cpu in counters.elements_mut() {
        (0..SLOTS).for_each(|index| mapped_write!(cpu, sources.slots[index] => slot));
    }
}

#[test]
fn answers_of_a_source_that_the_table_has_no_room_for_are_no_evidence() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, bans) = subject(entry);
            fill_sources(&subject);
            for _ in 0..100 {
                assert_eq!(subject.outcome(&datagram(53, 12, &DNS_ANSWER)), Outcome::Probe);
            }
            assert_eq!(subject.instance.sources().read().refused.packets, 100);
            assert!(bans.list().expect("listed").is_empty());
            // Other datagrams of such a source are.
            for _ in 0..5 {
                assert_eq!(subject.outcome(&datagram(53, 12, b"a question")), Outcome::Probe);
            }
            assert_eq!(subject.outcome(&datagram(53, 12, b"a question")), Outcome::Banned);
        }
    });
}

#[test]
fn a_question_from_the_port_of_a_service_is_evidence() {
    namespace::alone(|| {
        let (subject, _) = subject(EntryPoint::Frags);
        let mut question = DNS_ANSWER;
        question[2] = 1;
        for _ in 0..5 {
            assert_eq!(subject.outcome(&datagram(53, 12, &question)), Outcome::Probe);
        }
        assert_eq!(subject.outcome(&datagram(53, 12, &question)), Outcome::Banned);
    });
}

#[test]
fn a_datagram_to_a_port_that_a_socket_had_is_no_evidence_and_excuses_no_other() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, _) = subject(entry);
            let to = |port: u16| subject.outcome(&datagram(4000, port, b"whatever it says"));
            for _ in 0..50 {
                assert_eq!(to(700), Outcome::Probe);
            }
            for port in 12..17 {
                assert_eq!(to(port), Outcome::Probe);
            }
            assert_eq!(to(700), Outcome::Banned, "of a banned source, it is a probe as any other");
        }
    });
}
