use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

type Touched = BTreeSet<(Transport, u16)>;

/// A touch: by whom, of what port, and how long after the one before.
fn touches(
    gaps: impl Strategy<Value = u64> + Clone,
) -> impl Strategy<Value = Vec<(u32, u16, u64)>> {
    vec((0..4_u32, 0..40_u16, gaps), 1..200)
}

fn events(touches: &[(u32, u16, u64)]) -> Vec<Probe> {
    let mut at = Duration::ZERO;
    let event = |&(number, port, gap): &(u32, u16, u64)| {
        at += MILLISECOND * gap as u32;
        syn(number, port, at)
    };
    touches.iter().map(event).collect()
}

fn told(events: &[Probe]) -> Vec<Scan> {
    let mut run = Run::default();
    run.note_all(events.iter().cloned());
    run.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn who_touches_seven_ports_is_told_once_with_all_of_them(touches in touches(0..50_u64)) {
        let events = events(&touches);
        let mut touched: BTreeMap<IpAddr, Touched> = BTreeMap::new();
        for event in &events {
            touched.entry(event.source).or_default().insert((event.transport, event.port));
        }
        touched.retain(|_, ports| ports.len() >= 7);
        let alerts = told(&events);
        prop_assert!(alerts.iter().all(|alert| !alert.is_end));
        prop_assert_eq!(alerts.len(), touched.len());
        let told: BTreeMap<IpAddr, Touched> =
            alerts.into_iter().map(|alert| (alert.source, alert.ports)).collect();
        prop_assert_eq!(told, touched);
    }

    #[test]
    fn whatever_the_pace_an_alert_is_exact_and_a_scan_has_two_at_most(
        touches in touches(prop_oneof![0..1000_u64, 1000..100_000_u64, Just(3_600_000_u64)])
    ) {
        let events = events(&touches);
        let alerts = told(&events);
        let mut of_scan: BTreeMap<(IpAddr, SystemTime), Vec<&Scan>> = BTreeMap::new();
        for alert in &alerts {
            let is_of_it = |event: &&Probe| {
                event.source == alert.source
                    && (alert.first_seen..=alert.last_seen).contains(&event.time)
            };
            let of_it: Vec<&Probe> = events.iter().filter(is_of_it).collect();
            let ports: Touched = of_it.iter().map(|it| (it.transport, it.port)).collect();
            prop_assert_eq!(&alert.ports, &ports);
            prop_assert_eq!(alert.events, of_it.len() as u64);
            of_scan.entry((alert.source, alert.first_seen)).or_default().push(alert);
        }
        for records in of_scan.values() {
            prop_assert!(records.len() <= 2);
            prop_assert!(!records[0].is_end);
            prop_assert!(records[1..].iter().all(|end| end.is_end && end.events > records[0].events));
        }
    }

    #[test]
    fn no_order_of_times_is_too_much(
        calls in vec((0..20_u32, 0..1200_u16, any::<u32>(), 0..3_u8), 0..300)
    ) {
        let mut detector = Detector::new(Limits { sources: 10, alerts_per_minute: 5 });
        for (number, port, seconds, call) in calls {
            let time = SystemTime::UNIX_EPOCH + SECOND * seconds;
            match call {
                0 => detector.tick(time),
                _ => detector.note(&Probe { time, ..syn(number, port, SECOND) }),
            };
            prop_assert!(detector.len() <= 10);
        }
        detector.finish(SystemTime::UNIX_EPOCH);
        prop_assert!(detector.is_empty());
    }
}
