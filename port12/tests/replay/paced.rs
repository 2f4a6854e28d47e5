//! The slow scans of nmap's timing templates: a real scan, its packets moved apart.

use std::{collections::BTreeSet, fs, time::Duration};

use port12::{capture, registry::Registry};
use port12_common::Transport;
use serde_json::Value;

use crate::{
    file::{ETHERNET, Pcap, file},
    program::{command, end},
    root,
    scan::scanned,
};

/// When the scan begins: 2026-03-01, in the morning.
const BEGIN: Duration = Duration::from_secs(1_772_350_000);

/// The frames of a capture, each so much later than the one before.
fn paced(scan: &tempfile::NamedTempFile, gap: Duration) -> tempfile::NamedTempFile {
    let mut reader = capture::open(scan.path()).unwrap();
    let (mut pcap, mut time) = (Pcap::new(ETHERNET), BEGIN);
    while let Some(frame) = reader.next_frame() {
        pcap = pcap.frame(time, frame.bytes);
        time += gap;
    }
    file(&pcap.0)
}

/// What an EVE sink keeps of a replay.
fn records(capture: &tempfile::NamedTempFile) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("eve.json");
    let sink = format!("eve:{}", path.display());
    let mut replay = command(&["--engine", "user", "--output", "json", "--sink", &sink]);
    replay.arg(capture.path());
    let totals = end(replay).totals();
    let sink = &totals["alerts"]["sinks"][0];
    let text = fs::read_to_string(&path).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (sink["written"].as_u64(), sink["lost"].as_u64()),
        (Some(records.len() as u64), Some(0))
    );
    records
}

fn ports(alert: &Value) -> BTreeSet<String> {
    let transports = alert["alert"]["context"]["port12"]["ports"].as_object().unwrap();
    let of = |(transport, ports): (&String, &Value)| -> Vec<String> {
        let ports = ports.as_array().unwrap().iter();
        ports.map(|port| format!("{transport}/{port}")).collect()
    };
    transports.iter().flat_map(of).collect()
}

#[test]
fn a_scan_of_any_pace_is_one_alert_with_its_exact_ports() {
    if !root::or_skip("captures a scan in a namespace") {
        return;
    }
    let watched = Registry::embedded().watched(Transport::Tcp).iter();
    let watched: BTreeSet<_> = watched
        .filter(|port| (1..=1023).contains(port))
        .map(|port| format!("tcp/{port}"))
        .collect();
    let scan = scanned("262144");
    // All 1,023 ports are scanned, of which 284 are watched: the gaps are those of -T3, -T2, -T1 and -T0.
    for (gap, is_slow) in [
        (Duration::from_micros(500), false),
        (Duration::from_millis(400), false),
        (Duration::from_secs(15), true),
        (Duration::from_secs(300), true),
    ] {
        let records = records(&paced(&scan, gap));
        let of = |id: u64| {
            let is = move |record: &&Value| record["alert"]["signature_id"] == id;
            records.iter().filter(is).collect::<Vec<_>>()
        };
        let alerts = of(SCAN);
        assert_eq!(alerts.len(), 1, "{gap:?}: {alerts:?}");
        let ends = of(END_OF_SCAN);
        assert!(ends.len() <= 1, "{gap:?}: {ends:?}");
        assert_eq!(ends.is_empty(), !is_slow, "{gap:?}");
        let last = ends.first().unwrap_or(&alerts[0]);
        let id =
            |record: &Value, name: &str| record["alert"]["context"]["record"][name].to_string();
        assert_eq!(id(last, "alert_id"), id(alerts[0], "alert_id"), "{gap:?}");
        assert_eq!(id(last, "record_id") == id(alerts[0], "record_id"), !is_slow, "{gap:?}");
        assert_eq!(ports(last), watched, "{gap:?}");
        assert_eq!(alerts[0]["alert"]["metadata"]["port12_scan"][0], "syn");
        assert_eq!(alerts[0]["src_ip"], "10.12.0.1");
        assert!(of(PROBE).len() >= watched.len());
    }
}

/// Signatures.
const PROBE: u64 = 1_012_001;
const SCAN: u64 = 1_012_002;
const END_OF_SCAN: u64 = 1_012_003;
