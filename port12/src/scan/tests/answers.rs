use etherparse::PacketBuilder;

use super::*;
use crate::scan::answer::is_answer;

const DNS_ANSWER: [u8; 12] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0];
const RPC_REPLY: [u8; 24] =
    [9, 9, 9, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A datagram with a payload, captured whole, padded as Ethernet does.
fn with_payload(source_port: u16, port: u16, at: Duration, payload: &[u8]) -> Probe {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([10, 0, 0, 1], [192, 0, 2, 1], 64)
        .udp(source_port, port)
        .write(&mut frame, payload)
        .unwrap();
    frame.resize(frame.len().max(60), 0xff);
    let headers = Headers::of(&frame, frame.len(), Layer::Ethernet, Transport::Udp);
    let length = frame.len() as u32;
    Probe { source_port, headers, length, frame, ..datagram(1, port, at) }
}

fn ntp(first: u8, second: u8, length: usize) -> Vec<u8> {
    let mut packet = vec![0; length];
    packet[..2].copy_from_slice(&[first, second]);
    packet
}

#[test]
fn answers_are_told_from_questions_by_their_payload() {
    let is =
        |source_port, payload: &[u8]| is_answer(&with_payload(source_port, 12, SECOND, payload));
    for port in [53, 137, 5353, 5355] {
        assert!(is(port, &DNS_ANSWER));
    }
    let mut question = DNS_ANSWER;
    question[2] = 1;
    assert!(!is(53, &question), "a question");
    assert!(!is(53, &DNS_ANSWER[..11]), "the padding is not read");
    assert!(!is(53, &[]), "nmap -sU -g 53");
    assert!(!is(40_000, &DNS_ANSWER), "from no port of DNS");
    assert!(is(123, &ntp(0x24, 1, 48)), "a server");
    assert!(!is(123, &ntp(0x23, 0, 48)), "a client");
    assert!(!is(123, &ntp(0x24, 1, 47)), "cut short");
    assert!(is(123, &ntp(0x16, 0x82, 12)) && !is(123, &ntp(0x16, 0x02, 12)), "control");
    assert!(is(123, &ntp(0x97, 0, 12)) && !is(123, &ntp(0x17, 0, 12)), "monlist");
    assert!(is(1900, b"HTTP/1.1 200 OK\r\n") && !is(1900, b"M-SEARCH * HTTP/1.1\r\n"));
    assert!(is(2049, &RPC_REPLY));
    let mut call = RPC_REPLY;
    call[7] = 0;
    assert!(!is(2049, &call));
    // A GetResponse of version 2c, with its length in one byte and in three.
    let agent = [0x30, 0x1c, 2, 1, 1, 4, 6, b'p', b'u', b'b', b'l', b'i', b'c', 0xa2];
    assert!(is(161, &agent) && !is(162, &agent) && !is(161, &[0x30; 14]));
    assert!(is(161, &[0x30, 0x82, 1, 0, 2, 1, 3, 0x30, 14, 2, 4, 9, 9]), "version 3");
    let mut accept = [0; 26];
    accept[..4].copy_from_slice(&[2, 7, 0, 26]);
    assert!(is(1812, &accept) && is(1645, &accept) && !is(1814, &accept));
    accept[0] = 1;
    assert!(!is(1812, &accept), "an Access-Request");
    accept[..4].copy_from_slice(&[2, 7, 0, 25]);
    assert!(!is(1812, &accept), "of another length");
    let mut of_tcp = with_payload(53, 12, SECOND, &DNS_ANSWER);
    of_tcp.transport = Transport::Tcp;
    assert!(!is_answer(&of_tcp));
}

#[test]
fn what_was_not_captured_is_no_answer() {
    let whole = with_payload(53, 12, SECOND, &DNS_ANSWER);
    assert!(is_answer(&whole));
    for length in 0..14 + 20 + 8 + 12 {
        let frame = whole.frame[..length].to_vec();
        let headers = Headers::of(&frame, 60, Layer::Ethernet, Transport::Udp);
        assert!(!is_answer(&Probe { headers, frame, ..whole.clone() }), "{length}");
    }
    for payload in [0, 1, 2, 3, 1000, usize::MAX] {
        let headers = Headers { payload: Some(payload), ..Headers::default() };
        assert!(!is_answer(&Probe { headers, ..whole.clone() }), "{payload}");
    }
}

#[test]
fn late_answers_and_reflected_floods_are_no_scan() {
    // A hundred ports, and then one of them for hours.
    let late = (0..100_u16).map(|port| with_payload(53, port, SECOND * port.into(), &DNS_ANSWER));
    let flood = (0..1000_u32)
        .map(|number| with_payload(53, 1, MINUTE * 5 + 10 * SECOND * number, &DNS_ANSWER));
    let mut run = Run::default();
    run.note_all(late.chain(flood));
    assert_eq!(run.finish(), []);
}

#[test]
fn a_scan_from_the_port_of_a_service_is_told() {
    let watched = watched_ports(Transport::Udp);
    for payload in [&b""[..], b"anything"] {
        let alert = only_alert(
            scan(&watched, 1023, MILLISECOND, 3)
                .into_iter()
                .map(|(port, at)| with_payload(53, port, at, payload)),
        );
        assert_eq!((alert.kind, alert.ports), (ScanKind::Udp, ports(Transport::Udp, &watched)));
    }
}

#[test]
fn forged_answers_to_very_many_ports_are_told() {
    let watched = watched_ports(Transport::Udp);
    let forged = scan(&watched, 1023, MILLISECOND, 3)
        .into_iter()
        .map(|(port, at)| with_payload(53, port, at, &DNS_ANSWER));
    let alert = only_alert(forged);
    assert_eq!((alert.kind, alert.ports), (ScanKind::Udp, ports(Transport::Udp, &watched)));
}

#[test]
fn probes_that_follow_forged_answers_weigh_what_they_weigh() {
    let events = (0..10_u16).flat_map(|port| {
        let at = SECOND * port.into();
        [with_payload(53, port, at, &DNS_ANSWER), with_payload(40_000, port, at, b"")]
    });
    assert_eq!(only_alert(events).ports.len(), 10);
}
