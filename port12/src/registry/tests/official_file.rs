use port12_common::Transport;

use super::fixture::{DATE, csv, fault, line, lines, parse, without, xml};
use crate::registry::{Fault, Registry, State, Warning, changes};

const UNASSIGNED: &str = "Unassigned";

#[test]
fn csv_and_xml_give_the_same_registry() {
    let (from_csv, from_xml) = (parse(csv(&lines())).unwrap(), parse(xml(&lines())).unwrap());
    assert_eq!(from_csv.rows, from_xml.rows);
    assert_eq!(from_csv.rows, Registry::embedded().rows);
    assert_eq!(from_xml.to_compact(), Registry::embedded().to_compact());
    assert_eq!(from_xml.warnings(), []);
}

#[test]
fn the_dates_of_a_row_are_kept_as_far_as_the_registry_has_them() {
    let of = |transport, port| {
        let registry = Registry::embedded();
        let rows = registry.rows(transport, port);
        rows.map(|row| (row.registered.as_str(), row.modified.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(of(Transport::Tcp, 831), [("", "2025-09-29")]);
    assert_eq!(of(Transport::Tcp, 623), [("2007-06", "")]);
    assert_eq!(of(Transport::Tcp, 12), [("", "")]);
}

#[test]
fn the_date_of_a_csv_is_that_of_its_newest_row_and_a_floor() {
    let text = csv(&lines()).replacen(DATE, "2031-01-02", 1);
    assert_eq!(parse(text).unwrap().edition().to_string(), "at least 2031-01-02");
    assert_eq!(parse(xml(&lines())).unwrap().edition().to_string(), DATE);
}

#[test]
fn a_byte_order_mark_is_accepted() {
    for text in [csv(&lines()), xml(&lines())] {
        assert!(parse(format!("\u{feff}{text}")).is_ok());
    }
}

#[test]
fn line_ends_may_be_crlf() {
    let registry = parse(csv(&lines()).replace('\n', "\r\n")).unwrap();
    assert_eq!(registry.rows, Registry::embedded().rows);
}

#[test]
fn a_line_break_in_quotes_does_not_end_a_record() {
    let mut lines = without("63");
    lines.push(line("whoispp", "63", "tcp", "whois++\nIANA assigned this,\n12,tcp,\"x\""));
    for text in [csv(&lines), csv(&lines).replace('\n', "\r\n"), xml(&lines)] {
        let registry = parse(text).unwrap();
        let row = registry.rows(Transport::Tcp, 63).next().unwrap();
        assert_eq!(row.description, "whois++ IANA assigned this, 12,tcp,\"x\"");
        assert_eq!(registry.state(Transport::Tcp, 12), State::Unassigned);
    }
}

#[test]
fn assigned_beats_reserved_beats_unassigned_in_any_order() {
    let rows = [
        line("", "12", "tcp", UNASSIGNED),
        line("", "12", "", "Reserved"),
        line("late", "12", "tcp", ""),
        line("later", "12", "tcp", ""),
    ];
    for reversed in [false, true] {
        let mut lines = without("12");
        match reversed {
            true => lines.extend(rows.iter().rev().cloned()),
            false => lines.extend(rows.iter().cloned()),
        }
        let registry = parse(csv(&lines)).unwrap();
        assert_eq!(registry.state(Transport::Tcp, 12), State::Assigned);
        assert_eq!(registry.state(Transport::Sctp, 12), State::Reserved);
        assert_eq!(registry.rows(Transport::Tcp, 12).count(), 4);
    }
}

#[test]
fn a_row_without_a_port_and_a_port_above_1023_are_skipped() {
    let mut lines = lines();
    lines.push(line("airplay", "", "tcp", ""));
    lines.push(line("", "49152-65535", "", UNASSIGNED));
    assert_eq!(parse(csv(&lines)).unwrap().rows, Registry::embedded().rows);
}

#[test]
fn references_in_the_xml_read_as_in_the_csv() {
    let text = xml(&lines()).replacen(
        "<description>Reserved</description>",
        "<description>Reserved by <xref type=\"rfc\" data=\"rfc9900\"/> \
         <xref type=\"person\" data=\"A_B\"/> &#x26; <![CDATA[<us>]]></description>",
        1,
    );
    let registry = parse(text).unwrap();
    let row = registry.rows(Transport::Tcp, 0).next().unwrap();
    assert_eq!(row.description, "Reserved by [RFC9900] [A_B] & <us>");
}

#[test]
fn a_port_without_any_row_is_unassigned_with_a_warning() {
    let registry = parse(csv(&without("13"))).unwrap();
    assert_eq!(registry.state(Transport::Tcp, 13), State::Unassigned);
    assert_eq!(registry.warnings(), [Warning::Uncovered([13].into_iter().collect())]);
    let changes: Vec<String> =
        changes(Registry::embedded(), &registry).iter().map(ToString::to_string).collect();
    assert_eq!(changes[0], "tcp: entering the unassigned set 13");
    assert_eq!(changes.len(), 5);
}

#[test]
fn a_port_that_is_assigned_leaves_the_set() {
    let mut lines = without("12");
    lines.push(line("twelve", "12", "udp", ""));
    let registry = parse(csv(&lines)).unwrap();
    let tcp = registry.watched(Transport::Tcp);
    assert!(tcp.contains(12), "TCP has a set of its own");
    for transport in [Transport::Udp, Transport::UdpLite, Transport::Sctp, Transport::Dccp] {
        assert!(!registry.watched(transport).contains(12), "{transport}");
    }
}

#[test]
fn an_unknown_transport_is_left_out_with_a_warning() {
    let mut lines = lines();
    lines.push(line("x", "12", "quic", ""));
    for text in [csv(&lines), xml(&lines)] {
        let registry = parse(text).unwrap();
        assert_eq!(registry.state(Transport::Tcp, 12), State::Unassigned);
        assert!(matches!(registry.warnings(), [Warning::Transport { .. }]));
    }
}

#[test]
fn the_edge_stays_reserved_whatever_its_row_says() {
    let mut lines = without("1023");
    lines.push(line("", "1023", "", UNASSIGNED));
    let registry = parse(csv(&lines)).unwrap();
    assert_eq!(registry.state(Transport::Tcp, 1023), State::Reserved);
}

#[test]
fn a_file_of_too_few_rows_is_refused() {
    let few = &lines()[..1499];
    assert_eq!(fault(csv(few)), Fault::TooFewRows { found: 1499, least: 1500 });
    assert_eq!(fault(xml(few)), Fault::TooFewRows { found: 1499, least: 1500 });
}

#[test]
fn a_file_without_the_ports_everybody_knows_is_refused() {
    for port in [22, 53, 80, 443] {
        let mut lines = without(&port.to_string());
        lines.extend(vec![line("", &port.to_string(), "", UNASSIGNED); 8]);
        let expected = Fault::NotAssigned { port, transport: Transport::Tcp };
        assert_eq!(fault(csv(&lines)), expected);
    }
}

#[test]
fn a_file_that_does_not_reserve_port_0_is_refused() {
    let expected = Fault::ZeroNotReserved { transport: Transport::Tcp };
    assert_eq!(fault(csv(&without("0"))), expected);
    let mut lines = lines();
    lines.push(line("zero", "0", "tcp", ""));
    assert_eq!(fault(csv(&lines)), expected);
}

#[test]
fn a_file_without_a_date_is_refused() {
    let mut undated = lines();
    undated.iter_mut().for_each(|line| line.modified.clear());
    undated.iter_mut().for_each(|line| line.registered.clear());
    assert_eq!(fault(csv(&undated).replace(DATE, "")), Fault::NoDate);
    assert_eq!(fault(xml(&lines()).replace(DATE, "soon")), Fault::NoDate);
}
