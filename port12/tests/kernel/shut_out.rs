//! Bans of scope `all` in the kernel: the program agrees with the classifier, and spares protected addresses.

use std::net::{IpAddr, SocketAddr};

use port12::kernel::{
    banning::{Scope, Terms},
    bans::Bans,
    instance::LoadOptions,
    object::EntryPoint,
};
use port12_common::{
    Layer, Outcome, Tables, Transport,
    abi::{Ban, Policy, bypass},
    classify,
};

use crate::{
    bans::{HOUR, frame, ip, now, terms},
    knock::knock,
    named::SHORTEST,
    namespace,
    subject::Subject,
    support::{environment::Environment, mutate::Mutator, named},
};

const SOURCES: [&str; 2] = ["198.51.100.7", "2001:db8::7"];

/// A program that looks for bans of everything, in the environment of the named frames.
fn subject(entry: EntryPoint) -> (Subject, Bans, Environment) {
    let mut environment = Environment::new();
    environment.policy.lists = Policy::BANS;
    let subject = Subject::bare(&LoadOptions { shuts_out: true, ..LoadOptions::live(entry) });
    subject.set(&environment.policy, &environment.host);
    let bans = subject.instance.bans(None).expect("the map is one of bans");
    (subject, bans, environment)
}

fn ban_all(subject: &Subject, bans: &mut Bans) {
    for source in SOURCES.map(ip) {
        bans.add(source, (Ban::FOR_EVER, Scope::All), now(subject)).expect("banned");
    }
}

/// A segment to a port that nobody watches.
fn segment(source: IpAddr) -> Vec<u8> {
    let destination = ip(if source.is_ipv4() { "10.12.0.2" } else { "fd12::2" });
    knock(Transport::Tcp, SocketAddr::new(source, 40000), SocketAddr::new(destination, 443))
}

#[test]
fn the_program_and_the_classifier_agree_on_whom_they_shut_out() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans, environment) = subject(entry);
            ban_all(&subject, &mut bans);
            let ban = Ban { until: Ban::FOR_EVER, scope: Ban::ALL, ..Ban::default() };
            let banned = SOURCES.map(|source| (ip(source).into(), ban));
            let tables = Tables { banned: &banned, shuts_out: true, ..environment.tables() };
            let mut dropped = 0;
            let mut look = |bytes: &[u8], name: &str| {
                let expected = classify(&bytes, Layer::Ethernet, &tables).outcome;
                dropped += u64::from(expected == Outcome::Banned);
                assert_eq!(subject.outcome(bytes), expected, "{name}");
            };
            let fits = |layer, bytes: &[u8]| layer == Layer::Ethernet && bytes.len() >= SHORTEST;
            for frame in named::all().iter().filter(|it| fits(it.layer, &it.bytes)) {
                look(&frame.bytes, frame.name);
            }
            let mut mutator = Mutator::new(13);
            for number in 0..20_000 {
                let (layer, bytes) = mutator.frame();
                if fits(layer, &bytes) {
                    look(&bytes, &format!("frame {number}"));
                }
            }
            let counted: u64 = bans.list().expect("listed").values().map(|ban| ban.packets).sum();
            assert_eq!(counted, dropped);
            assert!(dropped > 5000, "{dropped}");
        }
    });
}

#[test]
fn whoever_is_protected_or_allowed_is_not_shut_out() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans, _) = subject(entry);
            ban_all(&subject, &mut bans);
            let mut guarded = subject.instance.guarded().expect("a map");
            let mut allowed = subject.instance.allowlist(None).expect("the maps are tries");
            for source in SOURCES.map(ip) {
                let of = || subject.outcome(&segment(source));
                assert_eq!(of(), Outcome::Banned);
                assert!(guarded.set(&[source].into()).expect("written"));
                assert_eq!(of(), Outcome::Assigned, "it is needed");
                guarded.set(&[].into()).expect("written");
                assert_eq!(of(), Outcome::Banned);
                let net = [source.into()].into();
                allowed.add(&net).expect("added");
                assert_eq!(of(), Outcome::Assigned, "it is allowed");
                allowed.remove(&net).expect("removed");
                assert_eq!(of(), Outcome::Banned);
                subject.instance.state().set_bypass(bypass::OPERATOR, true);
                assert_eq!(of(), Outcome::Assigned, "the bypass stops it");
                subject.instance.state().set_bypass(bypass::OPERATOR, false);
                assert_eq!(of(), Outcome::Banned);
            }
            let counted = bans.list().expect("listed")[&ip(SOURCES[0])].packets;
            assert_eq!(counted, 4, "what is let in is not counted");
        }
    });
}

#[test]
fn where_no_ban_is_of_everything_the_outcomes_are_those_of_the_other_programs() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans, _) = subject(entry);
            let is_sent = |frame: &&named::NamedFrame| {
                frame.layer == Layer::Ethernet && frame.bytes.len() >= SHORTEST
            };
            let look = |what: &str| {
                for frame in named::all().iter().filter(is_sent) {
                    let outcome = subject.outcome(&frame.bytes);
                    assert_eq!(outcome, frame.expected.outcome, "{}, {what}", frame.name);
                }
            };
            bans.add(ip("192.0.2.99"), (Ban::FOR_EVER, Scope::All), now(&subject)).expect("banned");
            look("another is banned");
            bans.remove(&[ip("192.0.2.99")], now(&subject)).expect("lifted");
            look("nobody is banned");
            bans.add(ip(SOURCES[0]), (Ban::FOR_EVER, Scope::Unassigned), now(&subject))
                .expect("banned");
            assert_eq!(subject.outcome(&segment(ip(SOURCES[0]))), Outcome::Assigned);
        }
    });
}

#[test]
fn the_program_bans_probes_alone_whatever_its_terms_say() {
    namespace::alone(|| {
        for scope in [Scope::All, Scope::Unassigned] {
            let (subject, bans, _) = subject(EntryPoint::Frags);
            subject.instance.set_terms(Some(&Terms { scope, ..terms(3) }));
            let moment = subject.instance.now().expect("the clock program runs");
            subject.instance.vouch(&moment, HOUR);
            let source = ip(SOURCES[0]);
            for _ in 0..3 {
                let mut probe = frame(source);
                // To the host of the environment.
                probe[30..34].copy_from_slice(&[10, 12, 0, 2]);
                assert_eq!(subject.outcome(&probe), Outcome::Dropped);
            }
            assert_eq!(subject.outcome(&segment(source)), Outcome::Assigned);
            assert_eq!(bans.list().expect("listed")[&source].scope, Ban::UNASSIGNED);
        }
    });
}
