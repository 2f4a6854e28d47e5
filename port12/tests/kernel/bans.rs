//! Bans: what the map says, what the program makes of it, and when it ends.

mod evidence;
mod limits;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use port12::{
    kernel::{
        banning::{self as auto_ban, Scope, Terms},
        bans::Bans,
        clock::Moment,
        instance::LoadOptions,
        object::EntryPoint,
    },
    model::AutoBanStats,
};
use port12_common::{
    Layer, Outcome, Tables, Transport,
    abi::{Action, Ban, Gate, HostTable, PROTECTED, Policy, bypass},
    classify,
};

use crate::{
    cpus::pin,
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
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    subject.set(&watching(), &host);
    let bans = subject.instance.bans(None).expect("the map is one of bans");
    (subject, bans)
}

fn watching() -> Box<Policy> {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::SHUT;
    policy.set(Transport::Tcp, PORT, Action::Watch.into());
    policy
}

pub fn now(subject: &Subject) -> u64 {
    subject.instance.now().expect("the clock program runs").jiffies
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn frame(source: IpAddr) -> Vec<u8> {
    let destination = ip(if source.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" });
    let to = SocketAddr::new(destination, PORT);
    knock(Transport::Tcp, SocketAddr::new(source, 40000), to)
}

/// How many bans are forgotten.
fn sweep(bans: &mut Bans, now: u64) -> usize {
    let listed = bans.list().expect("listed");
    bans.expire(&listed, now).expect("swept").len()
}

fn from(subject: &Subject, source: IpAddr) -> Outcome {
    subject.outcome(&frame(source))
}

#[test]
fn a_banned_source_is_dropped_and_counted_and_others_pass() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans) = subject(entry);
            let now = now(&subject);
            for source in ["198.51.100.7", "2001:db8::7"].map(ip) {
                assert_eq!(from(&subject, source), Outcome::Probe);
                assert!(
                    !bans.add(source, (Ban::FOR_EVER, Scope::Unassigned), now).expect("banned")
                );
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
        bans.add(source, (until, Scope::Unassigned), now(&subject)).expect("banned");
        assert_eq!(from(&subject, source), Outcome::Banned);
        while now(&subject) < until {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(from(&subject, source), Outcome::Probe);
        assert!(subject.instance.state().looks_for_bans(), "the map is not empty");
        assert_eq!(sweep(&mut bans, now(&subject)), 1);
        assert!(!subject.instance.state().looks_for_bans());
    });
}

#[test]
fn the_bypass_and_the_allowlist_go_before_a_ban() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Frags);
        let source = ip("198.51.100.7");
        bans.add(source, (Ban::FOR_EVER, Scope::Unassigned), now(&subject)).expect("banned");
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
                bans.add(source, (ban.until, Scope::Unassigned), now(&subject)).expect("banned");
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

pub const HOUR: Duration = Duration::from_secs(3600);

/// Terms of a few probes within an hour.
pub fn terms(after: u64) -> Terms {
    Terms { after: Some(after), time: HOUR, within: HOUR, scope: Scope::Unassigned }
}

/// A program that bans by itself, and has been told whom not to.
fn banning(entry: EntryPoint, terms: &Terms) -> (Subject, Bans) {
    let (subject, bans) = subject(entry);
    subject.instance.set_terms(Some(terms));
    subject.instance.vouch(&moment(&subject), HOUR);
    (subject, bans)
}

fn moment(subject: &Subject) -> Moment {
    subject.instance.now().expect("the clock program runs")
}

fn deeds(subject: &Subject) -> AutoBanStats {
    auto_ban::stats(subject.instance.counters())
}

#[test]
fn the_packet_after_the_threshold_is_dropped_on_any_cpu() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, bans) = banning(entry, &terms(7));
            for source in ["198.51.100.7", "2001:db8::7"].map(ip) {
                let cpus: Vec<usize> = (0..64).filter(|cpu| pin(*cpu)).collect();
                for probe in 0..7 {
                    assert!(pin(cpus[probe % cpus.len()]));
                    assert_eq!(from(&subject, source), Outcome::Probe, "{probe}");
                }
                for cpu in &cpus {
                    assert!(pin(*cpu));
                    assert_eq!(from(&subject, source), Outcome::Banned);
                }
                let ban = bans.list().expect("listed")[&source];
                assert_eq!((ban.origin, ban.times), (Ban::THRESHOLD, 1));
                assert_eq!(ban.packets, cpus.len() as u64);
                assert_eq!(ban.until - ban.since, 3600 * moment(&subject).hz);
            }
            for _ in 0..6 {
                assert_eq!(from(&subject, ip("198.51.100.8")), Outcome::Probe);
            }
            assert_eq!(deeds(&subject), AutoBanStats { banned: 2, ..AutoBanStats::default() });
        }
    });
}

#[test]
fn each_further_ban_takes_twice_as_long_up_to_a_day() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Linear, &terms(2));
        let source = ip("198.51.100.7");
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            assert_eq!(from(&subject, source), Outcome::Probe);
            assert_eq!(from(&subject, source), Outcome::Probe);
            assert_eq!(from(&subject, source), Outcome::Banned);
            let ban = bans.list().expect("listed")[&source];
            assert_eq!(ban.until - ban.since, hours * 3600 * moment(&subject).hz);
            bans.remove(&[source], now(&subject)).expect("lifted");
        }
    });
}

#[test]
fn a_protected_source_is_not_banned_whoever_forges_it() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Frags, &terms(3));
        let mut guarded = subject.instance.guarded().expect("the map is one of addresses");
        let sources = ["198.51.100.7", "2001:db8::7"].map(ip);
        assert!(guarded.set(&sources.into()).expect("set"));
        for source in sources {
            for _ in 0..10 {
                assert_eq!(from(&subject, source), Outcome::Probe);
            }
        }
        assert_eq!(deeds(&subject), AutoBanStats { protected: 16, ..AutoBanStats::default() });
        assert!(guarded.set(&[sources[1]].into()).expect("set"));
        assert_eq!(from(&subject, sources[0]), Outcome::Probe);
        assert_eq!(from(&subject, sources[0]), Outcome::Banned, "it is protected no longer");
        assert_eq!(from(&subject, sources[1]), Outcome::Probe);
        let lifted = bans.spare(|source| source == sources[0], now(&subject)).expect("lifted");
        assert_eq!(lifted, [sources[0]]);
        assert_eq!(from(&subject, sources[0]), Outcome::Probe);
    });
}

#[test]
fn a_ban_of_the_operator_s_is_not_lifted_for_one_who_is_needed() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Frags, &terms(3));
        bans.add(ip("198.51.100.7"), (Ban::FOR_EVER, Scope::Unassigned), now(&subject))
            .expect("banned");
        assert!(bans.spare(|_| true, now(&subject)).expect("asked").is_empty());
    });
}

#[test]
fn nobody_is_banned_by_a_program_that_does_not_know_whom_not_to() {
    namespace::alone(|| {
        let (subject, _) = subject(EntryPoint::Frags);
        subject.instance.set_terms(Some(&terms(3)));
        for _ in 0..10 {
            assert_eq!(from(&subject, ip("198.51.100.7")), Outcome::Probe);
        }
        assert_eq!(deeds(&subject), AutoBanStats { protected: 8, ..AutoBanStats::default() });
        subject.instance.vouch(&moment(&subject), Duration::from_millis(300));
        assert_eq!(from(&subject, ip("198.51.100.7")), Outcome::Probe);
        assert_eq!(from(&subject, ip("198.51.100.7")), Outcome::Banned);
        std::thread::sleep(Duration::from_millis(400));
        for _ in 0..10 {
            assert_eq!(from(&subject, ip("198.51.100.9")), Outcome::Probe);
        }
    });
}

#[test]
fn probes_of_an_earlier_window_do_not_count() {
    namespace::alone(|| {
        let within = Duration::from_millis(1000);
        let (subject, _) = banning(EntryPoint::Frags, &Terms { within, ..terms(3) });
        let source = ip("198.51.100.7");
        for _ in 0..2 {
            assert_eq!(from(&subject, source), Outcome::Probe);
        }
        std::thread::sleep(Duration::from_millis(1200));
        for _ in 0..3 {
            assert_eq!(from(&subject, source), Outcome::Probe);
        }
        assert_eq!(from(&subject, source), Outcome::Banned);
    });
}

#[test]
fn a_flood_of_forged_sources_is_overlooked_beyond_its_budget() {
    namespace::alone(|| {
        let (subject, _) = banning(EntryPoint::Frags, &terms(1));
        // Each is banned at its first packet, so far as anybody looks.
        const SENT: u64 = 5000;
        let sent = u32::try_from(SENT).expect("small");
        assert!(pin(0));
        for source in 0..sent {
            from(&subject, std::net::Ipv4Addr::from_bits(0x0b00_0000 + source).into());
        }
        let deeds = deeds(&subject);
        assert_eq!(deeds.banned + deeds.not_tracked, SENT);
        // What a CPU has at once, and what comes in while the frames are sent.
        assert!((512..2000).contains(&deeds.banned), "{deeds:?}");
    });
}

#[test]
fn a_program_that_bans_nobody_keeps_no_evidence() {
    namespace::alone(|| {
        let (subject, _) = banning(EntryPoint::Frags, &terms(3));
        let source = ip("198.51.100.7");
        from(&subject, source);
        from(&subject, source);
        subject.instance.set_terms(None);
        for _ in 0..10 {
            assert_eq!(from(&subject, source), Outcome::Probe);
        }
        subject.instance.set_terms(Some(&terms(3)));
        assert_eq!(from(&subject, source), Outcome::Probe, "the third");
        assert_eq!(from(&subject, source), Outcome::Banned);
    });
}

/// Under a bypass, its packets are probes.
#[test]
fn the_program_does_not_shorten_a_ban() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Frags, &terms(3));
        let source = ip("198.51.100.7");
        bans.add(source, (Ban::FOR_EVER, Scope::Unassigned), now(&subject)).expect("banned");
        subject.instance.state().set_bypass(bypass::OPERATOR, true);
        for _ in 0..10 {
            assert_eq!(from(&subject, source), Outcome::Probe);
        }
        let ban = bans.list().expect("listed")[&source];
        assert_eq!((ban.until, ban.origin), (Ban::FOR_EVER, Ban::OPERATOR));
        assert_eq!(deeds(&subject), AutoBanStats::default());
    });
}

#[test]
fn more_protected_addresses_than_fit_are_told_and_those_that_were_there_stay() {
    namespace::alone(|| {
        let (subject, _) = banning(EntryPoint::Frags, &terms(3));
        let mut guarded = subject.instance.guarded().expect("the map is one of addresses");
        let source = ip("198.51.100.7");
        let address =
            |number: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(0x0b00_0000 + number));
        let most = u32::try_from(PROTECTED).expect("small");
        let mut addresses: BTreeSet<IpAddr> = (1..most).map(address).collect();
        addresses.insert(source);
        assert!(guarded.set(&addresses).expect("set"), "as many as fit");
        addresses.insert(address(most));
        assert!(!guarded.set(&addresses).expect("asked"));
        for _ in 0..10 {
            assert_eq!(from(&subject, source), Outcome::Probe);
        }
        assert!(guarded.set(&BTreeSet::new()).expect("set"));
        assert_eq!(from(&subject, source), Outcome::Probe);
        assert_eq!(from(&subject, source), Outcome::Banned);
    });
}

#[test]
fn what_is_no_host_s_address_is_not_banned() {
    namespace::alone(|| {
        let (subject, bans) = banning(EntryPoint::Frags, &terms(3));
        let special =
            ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"];
        for source in special.map(ip) {
            for _ in 0..5 {
                assert_eq!(from(&subject, source), Outcome::Probe, "{source}");
            }
        }
        assert!(bans.list().expect("listed").is_empty());
        assert_eq!((deeds(&subject).banned, deeds(&subject).protected), (0, 7 * 3));
    });
}
