//! The rows of the table.

use port12::policy::Mode;
use port12_common::{Outcome, Transport};

use super::{
    case::{Bans, Case, Setting},
    frames::{self, ACK, Payload, SYN, Version, tcp, udp},
    target,
};

/// A watched port with a real UDP socket.
pub const PORT_WITH_SOCKET: u16 = 14;
/// The largest frame that test-run keeps in one buffer is a little over 3,400 bytes.
const JUMBO: usize = 9000;
const MANY_ADDRESSES: Setting = Setting { addresses: 256, ..Setting::PLAIN };
const MONITOR: Setting = Setting { mode: Mode::Monitor, ..Setting::PLAIN };

/// Frames with and without a tag, over both IP versions.
const WRAPPINGS: [(&str, Version, bool, u8); 4] = [
    ("v4", Version::V4, false, 0),
    ("v6", Version::V6, false, 1),
    ("v4 VLAN", Version::V4, true, 1),
    ("v6 VLAN", Version::V6, true, 2),
];

/// Every row, in the order of the table.
pub fn all() -> Vec<Case> {
    let mut cases = passed();
    cases.extend(dropped());
    cases.extend(monitored());
    cases.extend(udp_probes());
    cases.extend(sockets());
    cases.extend(local_addresses());
    cases.extend(allowlists());
    cases.extend(bans());
    cases.extend(unusual());
    cases
}

/// A SYN that is dropped, whose source can be any.
pub fn syn_of_anybody() -> Case {
    syn("SYN to 12, v4", frames::frame(Version::V4, &tcp(12, SYN)))
}

fn wrapped(version: Version, tag: bool, payload: &Payload) -> Vec<u8> {
    if tag { frames::tagged(version, payload) } else { frames::frame(version, payload) }
}

fn passed() -> Vec<Case> {
    let payloads = [
        ("TCP to a high port", tcp(40000, ACK), Outcome::HighPort),
        ("TCP to an assigned port", tcp(80, ACK), Outcome::Assigned),
        ("UDP to a high port", udp(40000), Outcome::HighPort),
        ("UDP to an assigned port", udp(53), Outcome::Assigned),
    ];
    let mut cases = Vec::new();
    for (name, payload, outcome) in payloads {
        cases.extend(passed_in_every_wrapping(name, &payload, outcome));
    }
    let full = tcp(40000, ACK).filled(Version::V4, 1500);
    let case = Case::new(
        "TCP to a high port, v4, 1,500 bytes",
        frames::frame(Version::V4, &full),
        Outcome::HighPort,
    );
    cases.push(case.within(target::PASS).compared());
    let jumbo = tcp(40000, ACK).filled(Version::V4, JUMBO);
    let frame = frames::frame(Version::V4, &jumbo);
    cases.push(Case::new("TCP to a high port, v4, 9,000 bytes", frame, Outcome::HighPort));
    cases
}

fn passed_in_every_wrapping(name: &str, payload: &Payload, outcome: Outcome) -> Vec<Case> {
    let case = |(wrapping, version, tag, steps)| {
        Case::new(format!("{name}, {wrapping}"), wrapped(version, tag, payload), outcome)
            .within(target::PASS.plus(steps))
            .compared()
    };
    WRAPPINGS.into_iter().map(case).collect()
}

fn syn(name: &str, frame: Vec<u8>) -> Case {
    Case::new(name, frame, Outcome::Dropped).at(Transport::Tcp, 12)
}

fn dropped() -> Vec<Case> {
    let mut cases: Vec<Case> = WRAPPINGS
        .into_iter()
        .map(|(wrapping, version, tag, steps)| {
            syn(&format!("SYN to 12, {wrapping}"), wrapped(version, tag, &tcp(12, SYN)))
                .within(target::DROP.and(target::SOURCES).plus(steps))
                .compared()
        })
        .collect();
    cases.extend(WRAPPINGS.into_iter().map(|(wrapping, version, tag, steps)| {
        let name = format!("SYN to 12, {wrapping}, no sources");
        syn(&name, wrapped(version, tag, &tcp(12, SYN)))
            .under(Setting { sources: false, ..Setting::PLAIN })
            .within(target::DROP.plus(steps))
    }));
    let full = tcp(12, SYN).filled(Version::V4, 1500);
    cases.push(
        syn("SYN to 12, v4, 1,500 bytes", frames::frame(Version::V4, &full))
            .within(target::DROP.and(target::SOURCES))
            .compared(),
    );
    let stale = Setting { fresh: false, ..Setting::PLAIN };
    cases.push(
        syn("SYN to 12, v4, bitmap stale", frames::frame(Version::V4, &tcp(12, SYN)))
            .under(stale)
            .looking_up(),
    );
    cases
}

fn monitored() -> Vec<Case> {
    WRAPPINGS
        .into_iter()
        .map(|(wrapping, version, tag, _)| {
            let name = format!("SYN to 12, {wrapping}, monitor");
            Case::new(name, wrapped(version, tag, &tcp(12, SYN)), Outcome::Probe)
                .at(Transport::Tcp, 12)
                .under(MONITOR)
        })
        .collect()
}

fn udp_probes() -> Vec<Case> {
    let probe = |name: String, version, tag, outcome| {
        Case::new(name, wrapped(version, tag, &udp(12)), outcome)
            .at(Transport::Udp, 12)
            .looking_up()
    };
    let mut cases: Vec<Case> = WRAPPINGS
        .into_iter()
        .map(|(wrapping, version, tag, _)| {
            probe(format!("UDP to 12, {wrapping}"), version, tag, Outcome::Dropped).compared()
        })
        .collect();
    let name = "UDP to 12, v4, monitor".to_owned();
    cases.push(probe(name, Version::V4, false, Outcome::Probe).under(MONITOR));
    cases
}

fn sockets() -> Vec<Case> {
    let listed = |name: &str, transport, port| {
        let payload = if transport == Transport::Tcp { tcp(port, SYN) } else { udp(port) };
        Case::new(name, frames::frame(Version::V4, &payload), Outcome::LocalSocket)
            .at(transport, port)
            .under(Setting { listed: Some((transport, port)), ..Setting::PLAIN })
    };
    vec![
        listed("SYN, v4, listed in the bitmap", Transport::Tcp, PORT_WITH_SOCKET),
        listed("UDP, v4, listed, the socket is found", Transport::Udp, PORT_WITH_SOCKET)
            .looking_up(),
        listed("UDP, v4, listed, no socket is found", Transport::Udp, 12).looking_up(),
    ]
}

fn local_addresses() -> Vec<Case> {
    let probe =
        |name, version| syn(name, frames::frame(version, &tcp(12, SYN))).under(MANY_ADDRESSES);
    let transit = |name| Case::new(name, frames::transit(&tcp(12, SYN)), Outcome::Transit);
    vec![
        probe("SYN to 12, v4, 256 addresses", Version::V4)
            .within(target::DROP.and(target::SOURCES)),
        probe("SYN to 12, v6, 256 addresses", Version::V6)
            .within(target::DROP.and(target::SOURCES).plus(1)),
        transit("SYN to 12 of another host, v4"),
        transit("SYN to 12 of another host, v4, 256 addresses").under(MANY_ADDRESSES),
    ]
}

/// What is no would-be probe must not notice the allowlist.
fn allowlists() -> Vec<Case> {
    let mut cases = Vec::new();
    for (allowed, text) in
        [(1, "1 prefix"), (1000, "1,000 prefixes"), (100_000, "100,000 prefixes")]
    {
        let setting = Setting { allowed, ..Setting::PLAIN };
        let frame = |payload| frames::frame(Version::V4, &payload);
        let passed = |name: &str, payload, outcome| {
            Case::new(format!("{name}, {text} allowed"), frame(payload), outcome).under(setting)
        };
        cases.push(
            passed("TCP to a high port, v4", tcp(40000, ACK), Outcome::HighPort)
                .within(target::PASS),
        );
        cases.push(
            passed("TCP to an assigned port, v4", tcp(80, ACK), Outcome::Assigned)
                .within(target::PASS),
        );
        let name = format!("SYN to 12, v4, {text} allowed");
        cases.push(syn(&name, frame(tcp(12, SYN))).under(setting));
    }
    cases
}

/// What is no would-be probe must not notice the bans.
fn bans() -> Vec<Case> {
    let frame = |payload| frames::frame(Version::V4, &payload);
    let others = Setting { bans: Bans::Others, ..Setting::PLAIN };
    let banned = Setting { bans: Bans::Source, ..MONITOR };
    let suspects = Setting { bans: Bans::Suspects, ..MONITOR };
    vec![
        Case::new(
            "TCP to a high port, v4, 8,192 others banned",
            frame(tcp(40000, ACK)),
            Outcome::HighPort,
        )
        .under(others)
        .within(target::PASS),
        Case::new(
            "TCP to an assigned port, v4, 8,192 others banned",
            frame(tcp(80, ACK)),
            Outcome::Assigned,
        )
        .under(others)
        .within(target::PASS),
        syn("SYN to 12, v4, 8,192 others banned", frame(tcp(12, SYN))).under(others),
        Case::new("SYN to 12, v4, its source banned", frame(tcp(12, SYN)), Outcome::Banned)
            .under(banned),
        Case::new("SYN to 12, v4, monitor, evidence kept", frame(tcp(12, SYN)), Outcome::Probe)
            .at(Transport::Tcp, 12)
            .under(suspects),
    ]
}

fn unusual() -> Vec<Case> {
    const HOP_BY_HOP: u8 = 0;
    const DESTINATION_OPTIONS: u8 = 60;
    let v4 = |payload| frames::frame(Version::V4, &payload);
    let v6 = |payload| frames::frame(Version::V6, &payload);
    let extended = |payload: Payload| v6(payload.behind(DESTINATION_OPTIONS).behind(HOP_BY_HOP));
    let eight = (0..7).fold(tcp(40000, ACK), |inner, _| inner.behind(DESTINATION_OPTIONS));
    vec![
        Case::new("SYN-ACK to 980, v4", v4(tcp(980, SYN | ACK)), Outcome::Reply),
        Case::new("SYN-ACK to 980, v6", v6(tcp(980, SYN | ACK)), Outcome::Reply),
        Case::new("ARP", frames::arp(), Outcome::NotIp),
        Case::new("ICMP, v4", v4(frames::icmp()), Outcome::OtherTransport),
        Case::new("malformed: IHL 4", frames::short_header(&tcp(12, SYN)), Outcome::Malformed),
        Case::new("later fragment, v4", frames::later_fragment(&udp(12)), Outcome::Fragment),
        Case::new("later fragment, v6", v6(udp(12).fragment_v6(185)), Outcome::Fragment),
        Case::new(
            "TCP to a high port, v6, 2 extensions",
            extended(tcp(40000, ACK)),
            Outcome::HighPort,
        ),
        Case::new(
            "TCP to a high port, v6, 8 extensions",
            v6(eight.behind(HOP_BY_HOP)),
            Outcome::HighPort,
        ),
        syn("SYN to 12, v6, 2 extensions", extended(tcp(12, SYN))),
    ]
}
