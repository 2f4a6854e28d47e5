//! Where bans end: CPUs that count at the same time, a sweep at that moment, a map that is full.

use std::net::{IpAddr, Ipv4Addr};

use aya::programs::TestRunOptions;
use port12::{
    kernel::{
        banning::Scope,
        bans::{Bans, BansError},
        object::EntryPoint,
    },
    mapped_part_mut, mapped_write,
    model::AutoBanStats,
    snapshot::Snapshot,
};
use port12_common::{
    Outcome,
    abi::{BANNED, Ban},
};

use super::{banning, deeds, frame, from, ip, now, subject, sweep, terms, watching};
use crate::{cpus::pin, namespace, subject::Subject};

/// What passes on the way to the threshold is what was under way on other CPUs.
#[test]
fn cpus_that_count_at_the_same_time_lose_no_packet() {
    namespace::alone(|| {
        for round in 0..20_u8 {
            let (subject, _) = banning(EntryPoint::Frags, &terms(500));
            let source = IpAddr::from([198, 51, 100, round]);
            let frame = frame(source);
            let options =
                || TestRunOptions { data_in: Some(&frame), repeat: 600, ..TestRunOptions::new() };
            let cpus: Vec<usize> = (0..64).filter(|cpu| pin(*cpu)).collect();
            std::thread::scope(|scope| {
                for &cpu in &cpus {
                    let (subject, options) = (&subject, options());
                    scope.spawn(move || {
                        assert!(pin(cpu));
                        subject.instance.test_run_with(options).expect("it runs");
                    });
                }
            });
            let snapshot = Snapshot::read(subject.instance.counters());
            let passed = snapshot.outcome(Outcome::Probe).packets;
            let most = 500 + cpus.len() as u64 - 1;
            assert!((500..=most).contains(&passed), "{passed} probes passed");
            assert_eq!(snapshot.bans().table_full, 0);
            assert_eq!(passed + snapshot.outcome(Outcome::Banned).packets, 600 * cpus.len() as u64);
        }
    });
}

/// Another CPU may have made the ban, and be interrupted before it has all CPUs look for bans.
#[test]
fn a_probe_of_a_source_that_another_cpu_has_just_banned_is_the_last_that_passes() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let (subject, mut bans) = banning(entry, &terms(1));
            let source = source(1);
            let until = now(&subject) + 1_000_000;
            bans.add(source, (until, Scope::Unassigned), now(&subject)).expect("there is room");
            assert_eq!(from(&subject, source), Outcome::Banned);
            subject.instance.set_policy(&watching());
            assert_eq!(from(&subject, source), Outcome::Probe);
            assert_eq!(from(&subject, source), Outcome::Banned);
        }
    });
}

/// Bans of sources, by number, that are as many as there is room for.
fn fill(bans: &mut Bans, now: u64, count: usize) {
    for index in 0..count {
        bans.add(source(index), (Ban::FOR_EVER, Scope::Unassigned), now).expect("there is room");
    }
}

fn source(index: usize) -> IpAddr {
    let index = u32::try_from(index).expect("small");
    IpAddr::from(Ipv4Addr::from_bits(0x0b00_0000 + index))
}

#[test]
fn a_full_map_refuses_one_more_and_keeps_the_rest() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Linear);
        let now = now(&subject);
        fill(&mut bans, now, BANNED);
        let refused = bans.add(source(BANNED), (Ban::FOR_EVER, Scope::Unassigned), now);
        assert!(matches!(refused, Err(BansError::Full(_))), "{refused:?}");
        assert!(
            bans.add(source(0), (now + 1, Scope::Unassigned), now).expect("it has its place"),
            "it is banned already"
        );
        assert_eq!(from(&subject, source(BANNED - 1)), Outcome::Banned);
        assert_eq!(from(&subject, source(BANNED)), Outcome::Probe);
        assert_eq!(sweep(&mut bans, now + 1), 1);
        bans.add(source(BANNED), (Ban::FOR_EVER, Scope::Unassigned), now)
            .expect("there is room again");
    });
}

/// Lets the program take note of as many sources as come.
fn take_note_of_all(subject: &Subject) {
    let counters = subject.instance.counters();
    for cpu in counters.elements_mut() {
        let newcomers = mapped_part_mut!(cpu, banning.newcomers);
        mapped_write!(newcomers, burst => u64::from(u32::MAX));
        mapped_write!(newcomers, tokens => u64::from(u32::MAX));
    }
}

#[test]
fn the_program_fills_the_map_and_is_refused_from_there_on() {
    namespace::alone(|| {
        let (subject, bans) = banning(EntryPoint::Frags, &terms(1));
        take_note_of_all(&subject);
        const BEYOND: usize = 300;
        for index in 0..BANNED + BEYOND {
            assert_eq!(from(&subject, source(index)), Outcome::Probe);
        }
        let expected = AutoBanStats {
            banned: BANNED as u64,
            table_full: BEYOND as u64,
            ..AutoBanStats::default()
        };
        assert_eq!(deeds(&subject), expected);
        assert_eq!(bans.list().expect("listed").len(), BANNED);
        assert_eq!(from(&subject, source(0)), Outcome::Banned, "who was first stays");
        assert_eq!(from(&subject, source(BANNED)), Outcome::Probe);
    });
}

#[test]
fn the_operator_s_bans_go_before_the_program_s() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Frags, &terms(1));
        let now = now(&subject);
        fill(&mut bans, now, BANNED - 2);
        for last in ["198.51.100.7", "198.51.100.8"].map(ip) {
            assert_eq!(from(&subject, last), Outcome::Probe);
            assert_eq!(from(&subject, last), Outcome::Banned);
        }
        bans.add(source(BANNED), (Ban::FOR_EVER, Scope::Unassigned), now).expect("one makes way");
        bans.add(source(BANNED + 1), (Ban::FOR_EVER, Scope::Unassigned), now)
            .expect("the other makes way");
        let refused = bans.add(source(BANNED + 2), (Ban::FOR_EVER, Scope::Unassigned), now);
        assert!(matches!(refused, Err(BansError::Full(_))), "{refused:?}");
        let list = bans.list().expect("listed");
        assert_eq!(list.len(), BANNED);
        assert!(list.values().all(|ban| ban.origin == Ban::OPERATOR));
    });
}

#[test]
fn a_sweep_leaves_a_ban_that_was_renewed_since_it_looked() {
    namespace::alone(|| {
        let (subject, mut bans) = subject(EntryPoint::Linear);
        let (now, source) = (now(&subject), ip("198.51.100.7"));
        bans.add(source, (now, Scope::Unassigned), now).expect("banned");
        let listed = bans.list().expect("listed");
        assert_eq!(from(&subject, source), Outcome::Probe, "it is over");
        bans.add(source, (Ban::FOR_EVER, Scope::Unassigned), now).expect("banned anew");
        assert!(bans.expire(&listed, now).expect("swept").is_empty());
        assert_eq!(from(&subject, source), Outcome::Banned);
        bans.add(source, (now, Scope::Unassigned), now).expect("it ends");
        assert_eq!(sweep(&mut bans, now), 1);
    });
}

#[test]
fn a_nearly_full_map_makes_room_for_a_newcomer_and_keeps_heavy_bans() {
    namespace::alone(|| {
        let (subject, mut bans) = banning(EntryPoint::Frags, &terms(1));
        take_note_of_all(&subject);
        let operator = ip("198.51.100.7");
        bans.add(operator, (Ban::FOR_EVER, Scope::Unassigned), now(&subject)).expect("banned");
        for index in 0..BANNED - 1 {
            assert_eq!(from(&subject, source(index)), Outcome::Probe);
        }
        // The oldest, which would go first of equals.
        let heavy = || (0..100).map(source);
        heavy().for_each(|source| assert_eq!(from(&subject, source), Outcome::Banned));
        let newcomer = source(BANNED);
        assert_eq!(from(&subject, newcomer), Outcome::Probe);
        assert_eq!(from(&subject, newcomer), Outcome::Probe, "there is no room");

        let listed = bans.list().expect("listed");
        // A packet that comes after the list keeps a ban that was about to go.
        assert_eq!(from(&subject, source(100)), Outcome::Banned);
        let evicted = bans.evict(&listed, now(&subject)).expect("evicted");
        let left = bans.list().expect("listed");
        assert_eq!(left.len() + evicted, BANNED);
        assert!(evicted > 1000, "{evicted} evicted");
        assert!(left.contains_key(&operator));
        assert!(heavy().chain([source(100)]).all(|source| left.contains_key(&source)));
        assert_eq!(from(&subject, newcomer), Outcome::Probe);
        assert_eq!(from(&subject, newcomer), Outcome::Banned);
        assert!(bans.evict(&left, now(&subject)).expect("evicted") <= 1, "there is room");
    });
}
