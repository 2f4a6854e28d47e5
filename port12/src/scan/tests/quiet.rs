//! Traffic that is no scan.

use super::*;

fn assert_nothing_told(events: impl IntoIterator<Item = Probe>) {
    let mut run = Run::default();
    run.note_all(events);
    assert_eq!(run.finish(), []);
}

#[test]
fn who_knocks_at_one_or_two_ports_now_and_then_is_no_scan() {
    // Every minute, for two days.
    assert_nothing_told((0..2 * 24 * 60).map(|number| syn(1, 12, MINUTE * number)));
    // Two ports by turns, the retransmissions of a client that tries in vain.
    let connection = [0, 1, 3, 7, 15, 31, 63];
    assert_nothing_told((0..100_u32).flat_map(|number| {
        let port = 12 + (number % 2) as u16;
        connection.map(|after| syn(1, port, SECOND * (127 * number + after)))
    }));
}

#[test]
fn six_ports_at_once_are_no_scan_and_seven_are() {
    let knocks = |count: u16| (0..count).map(|port| syn(1, port, MILLISECOND * port.into()));
    assert_nothing_told(knocks(6));
    assert_eq!(only_alert(knocks(7)).ports.len(), 7);
}

#[test]
fn a_port_that_several_cpus_tell_of_counts_once() {
    assert_nothing_told((0..96_u32).map(|number| {
        let (cpu, port) = (number % 16, (number / 16) as u16);
        syn(1, port, MILLISECOND * (100 * u32::from(port) + cpu))
    }));
    let twice = (0..20_u16).map(|number| syn(1, number / 2, MILLISECOND * number.into()));
    let alert = only_alert(twice);
    assert_eq!((alert.ports.len(), alert.events), (10, 20));
}

#[test]
fn one_port_a_day_is_no_scan() {
    assert_nothing_told((0..30_u16).map(|day| syn(1, day, 23 * HOUR * day.into())));
}

#[test]
fn who_was_quiet_for_a_day_begins_anew() {
    let before = (0..6_u16).map(|port| syn(1, port, SECOND * port.into()));
    let after = (100..106_u16).map(|port| syn(1, port, 25 * HOUR + SECOND * port.into()));
    assert_nothing_told(before.chain(after));
}

#[test]
fn many_sources_that_come_once_are_no_scan() {
    assert_nothing_told(
        (0..20_000_u32).map(|number| syn(number, (number % 1024) as u16, MILLISECOND / 2 * number)),
    );
}

#[test]
fn a_port_that_is_not_well_known_is_ignored() {
    assert_nothing_told((1024..1200).map(|port| syn(1, port, SECOND)));
    assert_nothing_told((65_000..65_100).map(|port| datagram(1, port, SECOND)));
}
