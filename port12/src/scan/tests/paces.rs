use super::*;

/// nmap's templates, by the least time from one probe to the next.
const TEMPLATES: [(&str, Duration); 6] = [
    ("-T0", Duration::from_secs(5 * 60)),
    ("-T1", Duration::from_secs(15)),
    ("-T2", Duration::from_millis(400)),
    ("-T3", Duration::from_millis(10)),
    ("-T4", Duration::from_millis(5)),
    ("-T5", Duration::from_micros(100)),
];

fn assert_told(alerts: &[Scan], touched: &[u16], what: &str) {
    let (last, before) = alerts.split_last().unwrap_or_else(|| panic!("{what} is not told"));
    assert_eq!(last.ports, ports(Transport::Tcp, touched), "{what}");
    assert_eq!((last.kind, last.is_end), (ScanKind::Syn, !before.is_empty()), "{what}");
    assert!(before.len() <= 1 && before.iter().all(|alert| !alert.is_end), "{what}");
}

#[test]
fn every_template_is_told_with_all_its_ports() {
    let watched = watched_ports(Transport::Tcp);
    for (template, pace) in TEMPLATES {
        for seed in 0..3 {
            let mut run = Run::default();
            run.note_all(
                scan(&watched, 1023, pace, seed).into_iter().map(|(port, at)| syn(1, port, at)),
            );
            let alerts = run.finish();
            assert_told(&alerts, &watched, template);
            assert_eq!(alerts[0].is_slow, pace >= 15 * SECOND, "{template}");
            if pace <= 10 * MILLISECOND {
                let quiet = alerts[0].time.duration_since(alerts[0].last_seen).unwrap();
                assert!(quiet <= 16 * SECOND, "{template} is told {quiet:?} after its end");
            }
        }
    }
}

#[test]
fn of_the_thousand_default_ports_the_few_that_are_watched_are_enough() {
    let watched: Vec<u16> = watched_ports(Transport::Tcp)
        .into_iter()
        .filter(|port| in_default_nmap_scan(*port))
        .collect();
    assert_eq!(watched.len(), 24);
    for (template, pace) in TEMPLATES {
        for seed in 0..10 {
            let mut run = Run::default();
            run.note_all(
                scan(&watched, 1000, pace, seed).into_iter().map(|(port, at)| syn(1, port, at)),
            );
            assert_told(&run.finish(), &watched, template);
        }
    }
}

#[test]
fn a_port_every_few_hours_is_a_slow_scan() {
    let mut run = Run::default();
    run.note_all((0..20_u16).map(|number| syn(1, 20 * number, 3 * HOUR * number.into())));
    let [told, end] = <[Scan; 2]>::try_from(run.finish()).unwrap();
    assert!(told.is_slow && end.is_slow);
    assert_eq!((told.ports.len(), end.ports.len()), (8, 20));
    // Eight ports in 21 hours, and ten minutes.
    assert_eq!(told.time, start() + 21 * HOUR + 10 * MINUTE);
}

#[test]
fn decoys_are_told_once_each() {
    let watched = watched_ports(Transport::Tcp);
    let mut run = Run::default();
    for (port, at) in scan(&watched, 1023, 2 * MILLISECOND, 7) {
        run.note_all((0..10).map(|decoy| syn(decoy, port, at)));
    }
    let alerts = run.finish();
    let sources: BTreeSet<IpAddr> = alerts.iter().map(|alert| alert.source).collect();
    assert_eq!((alerts.len(), sources.len()), (10, 10));
    assert!(alerts.iter().all(|alert| alert.ports == ports(Transport::Tcp, &watched)));
}

#[test]
fn two_scans_an_hour_apart_are_two() {
    let mut run = Run::default();
    let scan = |from: u16, at: Duration| (from..from + 50).map(move |port| syn(1, port, at));
    run.note_all(scan(0, SECOND).chain(scan(100, HOUR)));
    let [first, second] = <[Scan; 2]>::try_from(run.finish()).unwrap();
    assert!(!first.is_end && !second.is_end);
    assert_eq!(first.ports, ports(Transport::Tcp, &(0..50).collect::<Vec<_>>()));
    assert_eq!(second.ports, ports(Transport::Tcp, &(100..150).collect::<Vec<_>>()));
    // The same where nobody tells the time between them.
    let mut detector = Detector::default();
    let events = scan(0, SECOND).chain(scan(100, HOUR));
    let alerts: Vec<Scan> = events.flat_map(|event| detector.note(&event)).collect();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].ports, first.ports);
}

#[test]
fn a_knock_of_long_ago_does_not_make_a_fast_scan_slow() {
    let knock = syn(1, 1000, Duration::ZERO);
    let alert = only_alert(
        [knock]
            .into_iter()
            .chain((0..40_u16).map(|port| syn(1, port, 5 * HOUR + MILLISECOND * port.into()))),
    );
    assert_eq!((alert.is_slow, alert.ports.len()), (false, 41));
    assert!(alert.time <= start() + 5 * HOUR + 16 * SECOND);
}

#[test]
fn a_scan_that_goes_on_is_told_after_ten_minutes_and_at_its_end() {
    let mut run = Run::default();
    run.note_all((0..200_u16).map(|port| syn(1, port, 5 * SECOND * port.into())));
    let [told, end] = <[Scan; 2]>::try_from(run.finish()).unwrap();
    assert!(!told.is_end && end.is_end);
    let crossed = told.time - 10 * MINUTE;
    assert!((start() + 20 * SECOND..=start() + 30 * SECOND).contains(&crossed));
    assert!(told.ports.is_subset(&end.ports));
    assert_eq!((end.ports.len(), end.first_seen), (200, start()));
    assert_eq!(end.time, start() + (199 * 5 + 30) * SECOND);
}

#[test]
fn an_end_with_nothing_new_is_not_told() {
    // Seven ports, one an hour: told ten minutes after the seventh, and quiet from then on.
    let alert = only_alert((0..7_u16).map(|port| syn(1, port, HOUR * port.into())));
    assert_eq!((alert.is_end, alert.ports.len()), (false, 7));
}

#[test]
fn what_goes_on_when_the_capture_ends_is_told() {
    let mut run = Run::default();
    run.note_all((0..30_u16).map(|port| syn(1, port, MILLISECOND * port.into())));
    run.note_all((0..6_u16).map(|port| syn(2, port, SECOND)));
    assert_eq!(run.alerts, []);
    let [alert] = <[Scan; 1]>::try_from(run.detector.finish(start() + SECOND)).unwrap();
    assert_eq!((alert.source, alert.ports.len(), alert.is_end), (source(1), 30, false));
    assert_eq!(alert.time, start() + SECOND);
    assert!(run.detector.is_empty());
    assert_eq!(run.detector.finish(start() + SECOND), []);
}

#[test]
fn a_scan_is_slow_where_most_of_it_is() {
    let is_slow = |slow: u32| {
        let mut run = Run::default();
        run.note_all((0..30_u32).map(|number| {
            let at = MINUTE * number.min(slow) + MILLISECOND * number;
            syn(1, number as u16, at)
        }));
        run.finish()[0].is_slow
    };
    assert!(!is_slow(15) && is_slow(16));
}

#[test]
fn what_many_cpus_tell_at_once_does_not_make_a_slow_scan_fast() {
    let mut run = Run::default();
    for number in 0..12_u16 {
        let at = 2 * MINUTE * number.into();
        run.note_all((0..64).map(|cpu| syn(1, number, at + MILLISECOND * cpu)));
    }
    let [told, end] = <[Scan; 2]>::try_from(run.finish()).unwrap();
    assert_eq!((told.is_end, end.is_end, end.ports.len()), (false, true, 12));
}
