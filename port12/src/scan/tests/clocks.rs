use super::*;

/// A scan whose clock is set by so much after the tenth of thirty ports.
fn scan_with_step(step: i64) -> Vec<Probe> {
    let shift = Duration::from_secs(step.unsigned_abs());
    let set = |time: SystemTime| if step < 0 { time - shift } else { time + shift };
    (0..30_u16)
        .map(|port| {
            let event = syn(1, port, 100 * MILLISECOND * port.into());
            let time = if port < 10 { event.time } else { set(event.time) };
            Probe { time, ..event }
        })
        .collect()
}

fn alerts_of(events: &[Probe]) -> Vec<Scan> {
    let mut detector = Detector::default();
    let mut alerts = Vec::new();
    for event in events {
        alerts.extend(detector.tick(event.time));
        alerts.extend(detector.note(event));
    }
    let end = events[events.len() - 1].time;
    for second in 1..120 {
        alerts.extend(detector.tick(end + SECOND * second));
    }
    alerts
}

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    for step in [-1, -30, -59, -61, -3600, -86_400 * 365] {
        let [alert] = <[Scan; 1]>::try_from(alerts_of(&scan_with_step(step))).unwrap();
        assert_eq!(alert.ports.len(), 30, "{step}");
        assert!(alert.first_seen <= alert.last_seen, "{step}");
    }
}

#[test]
fn a_clock_that_is_set_forward_ends_what_there_was() {
    let [first, second] =
        <[Scan; 2]>::try_from(alerts_of(&scan_with_step(86_400 * 365 * 80))).unwrap();
    assert_eq!((first.ports.len(), second.ports.len()), (10, 20));
    assert!(!first.is_end && !second.is_end);
}

#[test]
fn one_wrong_time_does_not_stop_the_clock() {
    let mut events = scan_with_step(0);
    events[0].time = start() + 10_000 * 365 * 24 * HOUR;
    let alerts = alerts_of(&events);
    assert_eq!(alerts.iter().map(|alert| alert.ports.len()).sum::<usize>(), 30);
}

#[test]
fn the_ends_of_time_are_survived() {
    let mut latest = start();
    let mut step = Duration::from_secs(u64::MAX / 4);
    while step > Duration::from_nanos(1) {
        match latest.checked_add(step) {
            Some(later) => latest = later,
            None => step /= 2,
        }
    }
    let mut detector = Detector::default();
    for round in 0..100_u16 {
        for time in [latest, SystemTime::UNIX_EPOCH, start(), latest] {
            detector.tick(time);
            detector.note(&Probe { time, ..syn(1, round, SECOND) });
        }
    }
    // Time goes on.
    let alerts = (0..30).flat_map(|port| detector.note(&syn(2, port, SECOND))).count();
    let told = detector.tick(start() + MINUTE);
    assert_eq!((alerts, told.len()), (0, 1));
}

#[test]
fn events_out_of_order_are_one_scan() {
    let mut events: Vec<Probe> =
        (0..300_u16).map(|port| syn(1, port, 20 * MILLISECOND * port.into())).collect();
    Dice(5).shuffle(&mut events);
    let [alert] = <[Scan; 1]>::try_from(alerts_of(&events)).unwrap();
    assert_eq!(alert.ports.len(), 300);
    assert_eq!((alert.first_seen, alert.last_seen), (start(), start() + 299 * 20 * MILLISECOND));
}
