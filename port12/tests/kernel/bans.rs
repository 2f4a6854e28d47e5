//! Bans: what the map says, what the program makes of it, and when it ends.

use std::net::{IpAddr, SocketAddr};

use port12::kernel::{
    bans::{Bans, BansError},
    instance::LoadOptions,
    object::EntryPoint,
};
use port12_common::{
    Layer, Outcome, Tables, Transport,
    abi::{Action, BANNED, Ban, Gate, HostTable, Policy, bypass},
    classify,
};

use crate::{
    knock::knock,
    named::SHORTEST,
    namespace,
    subject::Subject,
    support::{environment::Environment, mutate::Mutator},
};

const PORT: u16 = 12;

/// A program that watches port 12 in monitor mode, on a host that takes everything in.
fn subject(entry: EntryPoint) -> (Subject, Bans) {
    let subject = Subject::bare(&LoadOptions::live(entry));
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::SHUT;
    policy.set(Transport::Tcp, PORT, Action::Watch.into());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    subject.set(&policy, &host);
    let bans = subject.instance.bans(None).expect("the map is one of bans");
    (subject, bans)
}

fn now(subject: &Subject) -> u64 {
    subject.instance.now().expect("the clock program runs").jiffies
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn from(subject: &Subject, source: IpAddr) -> Outcome {
    let destination = ip(if source.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" });
    subject.outcome(&knock(
        Transport::Tcp,
        SocketAddr::new(source, 40000),
        SocketAddr::new(destination, PORT),
    ))
}

#[test]
fn a_banned_source_is_dropped_and_counted_and_others_pass() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans) = subject(entry);
            let now = now(&subject);
            for source in ["198.51.100.7", "2001:db8::7"].map(ip) {
                assert_eq!(from(&subject, source), Outcome::Probe);
                assert!(!bans.add(source, Ban::FOR_EVER, now).expect("banned"));
                for _ in 0..3 {
                    assert_eq!(from(&subject, source), Outcome::Banned);
                }
                let ban = bans.list().expect("listed")[&source];
                assert_eq!((ban.packets, ban.times, ban.since), (3, 1, now));
            }
            for source in ["198.51.100.8", "2001:db8::8", "::ffff:198.51.100.7"].map(ip) {
                assert_eq!(from(&subject, source), Outcome::Probe, "{source}");
            }
            let lifted = bans.remove(&[ip("198.51.100.7"), ip("10.0.0.1")], now).expect("lifted");
            assert_eq!(lifted, [ip("198.51.100.7")]);
            assert_eq!(from(&subject, ip("198.51.100.7")), Outcome::Probe);
            assert_eq!(from(&subject, ip("2001:db8::7")), Outcome::Banned);
        }
    });
}

#[test]
fn a_ban_ends_by_the_kernel_s_clock_though_nobody_sweeps() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Linear);
        let source = ip("198.51.100.7");
        let hz = subject.instance.now().expect("the clock program runs").hz;
        let until = now(&subject) + hz / 2;
        bans.add(source, until, now(&subject)).expect("banned");
        assert_eq!(from(&subject, source), Outcome::Banned);
        while now(&subject) < until {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(from(&subject, source), Outcome::Probe);
        assert!(subject.instance.state().looks_for_bans(), "the map is not empty");
        let over = bans.expire(now(&subject)).expect("swept");
        assert_eq!(over.len(), 1);
        assert!(!subject.instance.state().looks_for_bans());
    });
}

#[test]
fn the_bypass_and_the_allowlist_go_before_a_ban() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Frags);
        let source = ip("198.51.100.7");
        bans.add(source, Ban::FOR_EVER, now(&subject)).expect("banned");
        let state = subject.instance.state();
        state.set_bypass(bypass::OPERATOR, true);
        assert_eq!(from(&subject, source), Outcome::Probe);
        state.set_bypass(bypass::OPERATOR, false);
        assert_eq!(from(&subject, source), Outcome::Banned);
        let mut allowed = subject.instance.allowlist(None).expect("the maps are tries");
        let net = [source.into()].into_iter().collect();
        allowed.add(&net).expect("added");
        assert_eq!(from(&subject, source), Outcome::Allowed);
        allowed.remove(&net).expect("removed");
        assert_eq!(from(&subject, source), Outcome::Banned, "one list says nothing of the other");
    });
}

#[test]
fn a_full_map_refuses_one_more_and_keeps_the_rest() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Linear);
        let now = now(&subject);
        let source = |index: usize| {
            let index = u32::try_from(index).expect("small");
            IpAddr::from(std::net::Ipv4Addr::from_bits(0x0b00_0000 + index))
        };
        for index in 0..BANNED {
            bans.add(source(index), Ban::FOR_EVER, now).expect("there is room");
        }
        let refused = bans.add(source(BANNED), Ban::FOR_EVER, now);
        assert!(matches!(refused, Err(BansError::Full(_))), "{refused:?}");
        assert!(
            bans.add(source(0), now + 1, now).expect("it has its place"),
            "it is banned already"
        );
        assert_eq!(from(&subject, source(BANNED - 1)), Outcome::Banned);
        assert_eq!(from(&subject, source(BANNED)), Outcome::Probe);
        assert_eq!(bans.expire(now + 1).expect("swept").len(), 1);
        bans.add(source(BANNED), Ban::FOR_EVER, now).expect("there is room again");
    });
}

#[test]
fn the_program_and_the_classifier_agree_on_frames_of_banned_sources() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let mut environment = Environment::new();
            environment.policy.lists = Policy::BANS;
            let subject = Subject::bare(&LoadOptions::live(entry));
            subject.set(&environment.policy, &environment.host);
            let mut bans = subject.instance.bans(None).expect("the map is one of bans");
            let sources = ["198.51.100.7", "2001:db8::7"].map(ip);
            let ban = Ban { until: Ban::FOR_EVER, ..Ban::default() };
            for source in sources {
                bans.add(source, ban.until, now(&subject)).expect("banned");
            }
            let banned = sources.map(|source| (source.into(), ban));
            let tables = Tables { banned: &banned, ..environment.tables() };
            let (mut mutator, mut dropped) = (Mutator::new(12), 0);
            for number in 0..20_000 {
                let (layer, bytes) = mutator.frame();
                if layer != Layer::Ethernet || bytes.len() < SHORTEST {
                    continue;
                }
                let expected = classify(&bytes.as_slice(), layer, &tables).outcome;
                dropped += u64::from(expected == Outcome::Banned);
                assert_eq!(subject.outcome(&bytes), expected, "frame {number}");
            }
            let counted: u64 = bans.list().expect("listed").values().map(|ban| ban.packets).sum();
            assert_eq!(counted, dropped);
            assert!(dropped > 500, "{dropped}");
        }
    });
}
