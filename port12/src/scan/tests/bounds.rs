use super::*;

const FLOOD: u32 = 1_000_000;

/// A source that comes once, of a flood of 2,000 a second.
fn flood(number: u32) -> Probe {
    syn(1_000_000 + number, (number % 1024) as u16, MILLISECOND / 2 * number)
}

#[test]
fn a_scanner_in_a_flood_of_sources_is_told_with_all_its_ports() {
    let watched = watched_ports(Transport::Tcp);
    let detector = Detector::new(Limits { sources: 8192, ..Limits::default() });
    let mut run = Run { detector, ..Run::default() };
    for number in 0..FLOOD {
        run.note(&flood(number));
        // A port a second.
        if number % 2000 == 0
            && let Some(port) = watched.get(number as usize / 2000)
        {
            run.note(&syn(1, *port, MILLISECOND / 2 * number));
        }
        assert!(run.detector.len() <= 8192);
    }
    let forgotten = run.detector.forgotten();
    assert!(forgotten + 8192 >= u64::from(FLOOD), "{forgotten}");
    assert_eq!(run.detector.suppressed(), 0);
    let [alert] = <[Scan; 1]>::try_from(run.finish()).unwrap();
    assert_eq!((alert.source, alert.ports), (source(1), ports(Transport::Tcp, &watched)));
}

#[test]
fn a_scan_that_goes_on_is_kept_while_there_are_others_to_forget() {
    let detector = Detector::new(Limits { sources: 80, ..Limits::default() });
    let mut run = Run { detector, ..Run::default() };
    // Seven ports, and quiet for an hour; six hundred others touch three each.
    run.note_all((0..7_u16).map(|number| syn(1, number, 20 * MINUTE * number.into())));
    let later = |number: u32| 2 * HOUR + SECOND * number;
    run.note_all(
        (0..600).flat_map(|number| [1, 2, 3].map(|port| syn(10 + number, port, later(number)))),
    );
    assert!(run.detector.forgotten() > 500);
    run.note(&syn(1, 100, 3 * HOUR));
    let alerts = run.finish();
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|alert| alert.source == source(1)));
    assert_eq!((alerts[1].ports.len(), alerts[1].is_end), (8, true));
}

#[test]
fn scans_that_have_to_make_room_for_scans_are_told() {
    let limits = Limits { sources: 8, alerts_per_minute: 1000 };
    let mut run = Run { detector: Detector::new(limits), ..Run::default() };
    for number in 0..100_u32 {
        run.note_all((0..20).map(|port| syn(number, port, MILLISECOND * number)));
        assert!(run.detector.len() <= 8);
    }
    // With each that comes, a scan and itself: it has touched one port, and begins again.
    assert_eq!((run.alerts.len(), run.detector.forgotten()), (92, 2 * 92));
    let alerts = run.finish();
    assert!(alerts.iter().all(|alert| alert.ports.len() >= 19));
    assert_eq!(alerts.len(), 100);
}

#[test]
fn nobody_is_followed_where_there_is_no_room() {
    let mut detector = Detector::new(Limits { sources: 0, ..Limits::default() });
    for port in 0..20 {
        assert_eq!(detector.note(&syn(1, port, SECOND)), []);
    }
    assert_eq!((detector.len(), detector.forgotten()), (0, 20));
}

#[test]
fn too_many_alerts_are_counted_and_the_largest_scans_are_told() {
    let mut run = Run::default();
    // 500 scans at once, of 7 ports each, and the last of them of 8.
    let ports_of = |number| if number == 499 { 8 } else { 7 };
    for number in 0..500_u32 {
        run.note_all((0..ports_of(number)).map(|port| syn(number, port, MILLISECOND)));
    }
    run.wait_until(MINUTE);
    // A minute's number at once, and what comes in while the others wait.
    assert!((60..=120).contains(&run.alerts.len()), "{}", run.alerts.len());
    assert_eq!(run.alerts[0].source, source(499));
    run.wait_until(10 * MINUTE);
    assert_eq!(run.alerts.len() as u64 + run.detector.suppressed(), 500);
    // Nobody has waited in vain but those for whom there was no room.
    assert_eq!(run.detector.suppressed(), 500 - 60 - 256);
    let told: BTreeSet<IpAddr> = run.alerts.iter().map(|alert| alert.source).collect();
    assert_eq!(told.len(), run.alerts.len());
}

#[test]
fn many_small_scans_do_not_silence_a_large_one() {
    let mut run = Run::default();
    let mut number = 100;
    for second in 0..300 {
        for _ in 0..10 {
            number += 1;
            run.note_all((0..8).map(|port| syn(number, port, SECOND * second)));
        }
        if second == 120 {
            run.note_all((0..284).map(|port| syn(1, port, SECOND * second)));
        }
        run.wait_until(SECOND * second);
    }
    let large: Vec<_> = run.alerts.iter().filter(|alert| alert.source == source(1)).collect();
    assert_eq!(large.len(), 1);
    assert_eq!(large[0].ports.len(), 284);
    assert!(large[0].time < start() + SECOND * 150);
    assert!(run.detector.suppressed() > 2000);
}

#[test]
fn a_scan_that_goes_on_is_told_when_there_is_room_again() {
    let detector = Detector::new(Limits { alerts_per_minute: 60, ..Limits::default() });
    let mut run = Run { detector, ..Run::default() };
    for round in 0..120_u16 {
        let at = 10 * SECOND * round.into();
        run.note_all((0..200).map(|number| syn(number, round % 7, at)));
    }
    let first: BTreeSet<IpAddr> = run.alerts.iter().map(|alert| alert.source).collect();
    assert_eq!((run.alerts.len(), first.len(), run.detector.suppressed()), (200, 200, 0));
    assert!(run.alerts.iter().all(|alert| !alert.is_end));
}

#[test]
fn who_touched_more_is_forgotten_after_those_who_came_later() {
    let detector = Detector::new(Limits { sources: 80, ..Limits::default() });
    let mut run = Run { detector, ..Run::default() };
    run.note_all((0..3).map(|port| syn(1, port, Duration::ZERO)));
    run.note_all((0..1000).map(|number| syn(10 + number, 1, SECOND * number)));
    run.note_all((3..7).map(|port| syn(1, port, HOUR)));
    let [alert] = <[Scan; 1]>::try_from(run.finish()).unwrap();
    assert_eq!((alert.source, alert.ports.len()), (source(1), 7));
}

#[test]
fn who_has_come_to_an_end_is_not_forgotten_for_want_of_room() {
    let mut detector = Detector::new(Limits { sources: 80, ..Limits::default() });
    for (sources, at) in [(0..80, Duration::ZERO), (100..160, 25 * HOUR), (200..260, 25 * HOUR)] {
        // The 80 of the day before go first.
        assert_eq!(detector.forgotten(), 0);
        for number in sources {
            detector.note(&syn(number, 1, at));
        }
    }
    assert!(detector.forgotten() > 0);
}

/// `cargo test --release -p port12 --lib scan -- --ignored --nocapture`
#[test]
#[ignore = "measures, and asserts nothing"]
fn the_cost_of_an_event() {
    let mut events: Vec<Probe> = (0..FLOOD).map(flood).collect();
    let payload = Headers { payload: Some(42), ..events[0].headers.clone() };
    events.iter_mut().for_each(|event| {
        (event.headers, event.frame) = (payload.clone(), vec![0; 128]);
    });
    let mut detector = Detector::default();
    let begin = std::time::Instant::now();
    let mut longest = Duration::ZERO;
    let mut alerts = 0;
    for event in &events {
        let begin = std::time::Instant::now();
        alerts += detector.note(event).len();
        longest = longest.max(begin.elapsed());
    }
    println!("flood: {:?} for {FLOOD}, {longest:?} at most, {alerts} alerts", begin.elapsed());
    println!("a source takes {} bytes", size_of::<crate::scan::source::Source>());
    let mut detector = Detector::default();
    let begin = std::time::Instant::now();
    for (number, event) in (0_u32..).zip(&mut events) {
        (event.source, event.port) = (source(number % 50_000), (number / 50_000) as u16);
        alerts += detector.note(event).len();
        if number % 2000 == 0 {
            alerts += detector.tick(event.time).len();
        }
    }
    println!("50,000 scans: {:?} for {FLOOD}, {alerts} alerts", begin.elapsed());
}
