use super::*;

const SHAPES: [(Transport, Shape, ScanKind); 10] = [
    (Transport::Tcp, Shape::TcpSyn, ScanKind::Syn),
    (Transport::Tcp, Shape::TcpNull, ScanKind::Null),
    (Transport::Tcp, Shape::TcpFin, ScanKind::Fin),
    (Transport::Tcp, Shape::TcpXmas, ScanKind::Xmas),
    (Transport::Tcp, Shape::TcpOther, ScanKind::OtherTcp),
    (Transport::Tcp, Shape::TinyFragment, ScanKind::TinyFragments),
    (Transport::Udp, Shape::Datagram, ScanKind::Udp),
    (Transport::UdpLite, Shape::Datagram, ScanKind::Udp),
    (Transport::Sctp, Shape::SctpInit, ScanKind::Sctp),
    (Transport::Dccp, Shape::DccpRequest, ScanKind::Dccp),
];

#[test]
fn a_scan_is_named_for_the_shape_of_its_probes() {
    for (transport, shape, kind) in SHAPES {
        let touched = watched_ports(transport);
        let events = scan(&touched, 1023, MILLISECOND, 1).into_iter().map(|(port, at)| Probe {
            transport,
            shape,
            ..syn(1, port, at)
        });
        let alert = only_alert(events);
        assert_eq!((alert.kind, alert.is_slow, alert.is_end), (kind, false, false));
        assert_eq!(alert.ports, ports(transport, &touched));
    }
}

#[test]
fn a_scan_of_two_kinds_is_mixed_and_a_few_others_change_nothing() {
    let alert_with = |others: u16| {
        only_alert((0..100_u16).map(|number| {
            let shape = if number < others { Shape::TcpFin } else { Shape::TcpSyn };
            Probe { shape, ..syn(1, number, MILLISECOND * number.into()) }
        }))
    };
    assert_eq!(alert_with(20).kind, ScanKind::Syn);
    assert_eq!(alert_with(21).kind, ScanKind::Mixed);
    assert_eq!(alert_with(79).kind, ScanKind::Mixed);
    assert_eq!(alert_with(80).kind, ScanKind::Fin);
}

#[test]
fn an_alert_sums_its_scan_up() {
    let events = (0..9_u16).map(|port| {
        let outcome = if port < 4 { Outcome::Dropped } else { Outcome::Probe };
        Probe { outcome, ..syn(1, port, SECOND * port.into()) }
    });
    let alert = only_alert(events);
    assert_eq!((alert.source, alert.events, alert.dropped), (source(1), 9, 4));
    assert_eq!((alert.first_seen, alert.last_seen), (start(), start() + 8 * SECOND));
    assert_eq!(alert.time, start() + (8 + 15) * SECOND);
    assert_eq!(alert.sample, syn(1, 8, 8 * SECOND));
    assert_eq!((alert.targets, alert.further_touches), ([target(1)].into(), 0));
}

#[test]
fn one_port_on_many_addresses_is_a_scan() {
    // The kernel tells of a source that goes on once in ten seconds.
    let at_targets = |count: u32| {
        let mut run = Run::default();
        run.note_all((0..count).map(|number| {
            let headers = Headers { destination: Some(target(number)), ..Headers::default() };
            Probe { headers, is_first: number == 0, ..syn(1, 12, 10 * SECOND * number) }
        }));
        run.finish()
    };
    assert_eq!(at_targets(6), []);
    let [alert] = <[Scan; 1]>::try_from(at_targets(40)).unwrap();
    assert_eq!((alert.kind, alert.is_slow), (ScanKind::Syn, false));
    assert_eq!(alert.ports, ports(Transport::Tcp, &[12]));
    assert_eq!(alert.targets, (0..32).map(target).collect());
    assert_eq!(alert.further_touches, 8);
}

#[test]
fn who_hammers_one_port_is_persistent_and_told_twice() {
    let mut run = Run::default();
    run.note_all((0..360_u32).map(|number| syn(1, 12, 10 * SECOND * number)));
    let [told, end] = <[Scan; 2]>::try_from(run.finish()).unwrap();
    assert_eq!((told.kind, told.is_end, told.is_slow), (ScanKind::Persistent, false, false));
    assert_eq!((end.kind, end.is_end, end.events), (ScanKind::Persistent, true, 360));
    assert_eq!(end.ports, ports(Transport::Tcp, &[12]));
    let after = |alert: &Scan| alert.time.duration_since(start()).unwrap();
    assert!((20 * MINUTE..25 * MINUTE).contains(&after(&told)), "{:?}", after(&told));
    assert_eq!(after(&end), (3590 + 60) * SECOND);
}

#[test]
fn hammering_is_the_same_on_one_cpu_and_on_sixteen() {
    let told_at = |cpus: u32| {
        let mut run = Run::default();
        for number in 0..200_u32 {
            let at = 10 * SECOND * number;
            run.note_all((0..cpus).map(|cpu| syn(1, 12, at + 10 * SECOND / cpus * cpu)));
        }
        run.finish()[0].time
    };
    let difference = told_at(1).duration_since(told_at(16)).unwrap_or_default();
    assert!(difference < 30 * SECOND, "{difference:?}");
    assert!(told_at(16) > start() + 20 * MINUTE);
}

#[test]
fn a_kind_has_one_name_and_is_found_by_it() {
    let names: BTreeSet<&str> = ScanKind::ALL.into_iter().map(ScanKind::as_str).collect();
    let phrases: BTreeSet<&str> = ScanKind::ALL.into_iter().map(ScanKind::phrase).collect();
    assert_eq!((names.len(), phrases.len()), (ScanKind::ALL.len(), ScanKind::ALL.len()));
    assert!(ScanKind::ALL.into_iter().all(|kind| kind.to_string().parse() == Ok(kind)));
    assert_eq!("SYN".parse::<ScanKind>(), Err(()));
}

#[test]
fn what_is_touched_again_does_not_rename_a_scan() {
    let syns = (0..30_u16).map(|port| syn(1, port, MILLISECOND * port.into()));
    let fins = (0..200_u16).map(|number| Probe {
        shape: Shape::TcpFin,
        is_first: false,
        ..syn(1, number % 30, SECOND + MILLISECOND * number.into())
    });
    assert_eq!(only_alert(syns.chain(fins)).kind, ScanKind::Syn);
}
