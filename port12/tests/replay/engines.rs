//! The kernel's program, the classifier behind a report, and the classifier itself agree.

use std::{collections::BTreeMap, time::Duration};

use port12::{policy::Mode, replay::EngineKind, report::Report};
use port12_common::{
    Allowed, Layer, Malformed, NoLookup, Outcome, Shape, Tables, Transport,
    abi::{HostTable, Policy, Vlans},
    classify,
};

use crate::{
    file::{ETHERNET, Pcap, Pcapng, RAW},
    library::{registry_policy, replay},
    root,
    support::named,
};

/// The counts of a report.
#[derive(Debug, Default, Eq, PartialEq)]
struct Counts {
    outcomes: BTreeMap<Outcome, (u64, u64)>,
    reasons: BTreeMap<Malformed, u64>,
    probe_types: BTreeMap<Shape, u64>,
    /// Packets, bytes, dropped, for a socket.
    ports: BTreeMap<(Transport, u16), [u64; 4]>,
}

impl Counts {
    /// Counts by the classifier alone.
    fn add(&mut self, policy: &Policy, layer: Layer, bytes: &[u8]) {
        let mut host = Box::new(HostTable::UNKNOWN);
        host.sockets.valid_until = u64::MAX;
        host.sockets.lookup_proves = 1;
        host.vlans.known = Vlans::EVERY;
        let tables = Tables {
            policy,
            host: &host,
            allowed: Allowed::default(),
            banned: &[],
            shuts_out: false,
            now: 0,
            lookup: NoLookup,
        };
        let finding = classify(&bytes, layer, &tables);
        let length = bytes.len() as u64;
        let outcome = self.outcomes.entry(finding.outcome).or_default();
        *outcome = (outcome.0 + 1, outcome.1 + length);
        if let Some(reason) = finding.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        if matches!(finding.outcome, Outcome::Probe | Outcome::Dropped) {
            *self.probe_types.entry(finding.shape.unwrap()).or_default() += 1;
            let key = (finding.transport.unwrap(), finding.port);
            let port = self.ports.entry(key).or_default();
            let dropped = u64::from(finding.outcome == Outcome::Dropped);
            *port = [port[0] + 1, port[1] + length, port[2] + dropped, 0];
        }
    }
}

impl From<&Report> for Counts {
    fn from(report: &Report) -> Self {
        let interface = &report.state.interfaces[0];
        let counts = interface.counts.clone();
        let port = |port: &port12::model::PortState| {
            let counts = [port.packets, port.bytes, port.dropped, port.local_socket];
            ((port.transport, port.port), counts)
        };
        Self {
            outcomes: { counts.outcomes }
                .into_iter()
                .filter(|(_, counts)| counts.packets > 0)
                .map(|(outcome, counts)| (outcome, (counts.packets, counts.bytes)))
                .collect(),
            reasons: counts.malformed,
            probe_types: counts.probe_types,
            ports: interface.ports.iter().map(port).collect(),
        }
    }
}

/// All named frames, a second apart, the bare packets on an interface of their own.
fn named_frames() -> Vec<u8> {
    let mut file = Pcapng::new(&[ETHERNET, RAW]);
    for (second, frame) in (1_700_000_000..).zip(named::all()) {
        file = file.frame(frame.layer as u32, Duration::from_secs(second), &frame.bytes);
    }
    file.0
}

fn by_the_classifier(mode: Mode) -> Counts {
    let policy = registry_policy(mode);
    let mut counts = Counts::default();
    named::all().iter().for_each(|frame| counts.add(&policy, frame.layer, &frame.bytes));
    counts
}

#[test]
fn layers_are_numbered_as_the_interfaces_of_the_capture_are() {
    assert_eq!((Layer::Ethernet as u32, Layer::Ip as u32), (0, 1));
}

#[test]
fn the_user_engine_counts_named_frames_as_the_classifier_does() {
    for mode in [Mode::Monitor, Mode::Drop] {
        let report = replay(EngineKind::User, mode, &named_frames());
        assert_eq!(Counts::from(&report), by_the_classifier(mode));
        assert_eq!(report.capture.unwrap().frames, named::all().len() as u64);
    }
}

#[test]
fn the_kernel_engine_counts_named_frames_as_the_classifier_does() {
    if !root::or_skip("replays by the kernel's program") {
        return;
    }
    for mode in [Mode::Monitor, Mode::Drop] {
        let report = replay(EngineKind::Kernel, mode, &named_frames());
        assert_eq!(Counts::from(&report), by_the_classifier(mode));
        let user = replay(EngineKind::User, mode, &named_frames());
        let last_seen = |report: &Report| -> Vec<_> {
            report.state.interfaces[0].ports.iter().map(|port| port.last_seen).collect()
        };
        assert_eq!(last_seen(&report), last_seen(&user));
        let short = named::all().iter().filter(|frame| frame.bytes.len() < 14).count();
        assert_eq!(report.capture.unwrap().user_engine, short as u64);
    }
}

#[test]
fn frames_that_test_run_refuses_go_through_the_user_engine() {
    if !root::or_skip("replays by the kernel's program") {
        return;
    }
    let mut large = crate::file::syn(12);
    large.resize(200_000, 0);
    let file = (0..14).fold(Pcap::new(ETHERNET), |file, length| {
        file.frame(Duration::from_secs(1), &vec![0; length])
    });
    let file = file.frame(Duration::from_secs(2), &large).frame(Duration::from_secs(3), &[0; 14]);
    let report = replay(EngineKind::Kernel, Mode::Monitor, &file.0);
    assert_eq!(report.capture.unwrap().user_engine, 15);
    let interface = &report.state.interfaces[0];
    assert_eq!(interface.counts.frames.packets, 16);
    assert_eq!(interface.counts.frames.bytes, 13 * 14 / 2 + 200_000 + 14);
    assert_eq!(interface.counts.malformed[&Malformed::EthernetTruncated], 14);
    assert_eq!((interface.ports[0].port, interface.ports[0].bytes), (12, 200_000));
}
