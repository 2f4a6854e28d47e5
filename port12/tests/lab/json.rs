//! `--output json` as a program reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Pair, Port12, Report, addresses::BOTH, frame::syn, lab};

const OUTCOMES: [&str; 15] = [
    "not_ip",
    "malformed",
    "too_deep",
    "fragment",
    "other_transport",
    "high_port",
    "assigned",
    "ignored",
    "reply",
    "transit",
    "allowed",
    "local_socket",
    "banned",
    "dropped",
    "probe",
];

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn has_every_field(report: &Report) {
    let value = &report.0;
    assert_eq!(
        keys(value),
        BTreeSet::from([
            "type",
            "time",
            "elapsed_seconds",
            "period_seconds",
            "clock_ns",
            "origin",
            "registry",
            "daemon",
            "interfaces",
            "unpinned",
            "sources",
            "scans",
            "listeners",
            "outbound",
            "alerts"
        ])
    );
    let alerts = &value["alerts"];
    assert_eq!(keys(alerts), BTreeSet::from(["emitted", "event_log", "rate_limited", "sinks"]));
    let sources = &value["sources"];
    assert_eq!(keys(sources), BTreeSet::from(["tracked", "evicted", "top"]));
    for source in sources["top"].as_array().unwrap() {
        let fields = ["source", "packets", "bytes", "first_seen", "last_seen", "port_count"];
        assert_eq!(keys(source), BTreeSet::from(fields));
    }
    let interface = report.interface("w0");
    assert_eq!(
        keys(interface),
        BTreeSet::from([
            "interface",
            "pinned_as",
            "place",
            "xdp_mode",
            "counted_at",
            "attached_at",
            "persistent",
            "mode",
            "forwards",
            "forwarding",
            "not_dropped",
            "vlan_tags",
            "host_changes",
            "sockets_fresh",
            "policy",
            "allowed",
            "program",
            "other_program_id",
            "speed_bits_per_second",
            "frames",
            "frames_per_second",
            "bits_per_second",
            "utilization",
            "outcomes",
            "malformed",
            "too_deep",
            "probe_types",
            "events",
            "bans",
            "ports"
        ])
    );
    assert_eq!(keys(&interface["events"]), BTreeSet::from(["emitted", "rate_limited", "lost"]));
    let bans = BTreeSet::from([
        "after",
        "scope",
        "active",
        "banned",
        "not_tracked",
        "protected",
        "table_full",
    ]);
    assert_eq!(keys(&interface["bans"]), bans);
    assert_eq!(keys(&interface["outcomes"]), BTreeSet::from(OUTCOMES));
    for port in report.ports() {
        assert_eq!(
            keys(port),
            BTreeSet::from([
                "transport",
                "port",
                "packets",
                "bytes",
                "dropped",
                "local_socket",
                "packets_per_second",
                "bits_per_second",
                "last_seen",
                "description",
                "expected"
            ])
        );
    }
}

fn seconds(value: &Value) -> std::time::SystemTime {
    humantime::parse_rfc3339(value.as_str().unwrap()).unwrap()
}

#[test]
fn each_line_is_an_object_with_every_field() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0");
        pair.far_raw().send(&syn(BOTH[0], 12));
        let interval = port12.wait_for("the probe", |report| report.outcome("probe") == 1);
        let totals = port12.stop();
        for report in [&interval, &totals] {
            has_every_field(report);
            assert!(!report.drops());
            assert_eq!(report.0["registry"]["date"], "2026-08-17");
            let interface = report.interface("w0");
            assert_eq!(interface["program"]["name"], "port12_frags");
            assert_eq!(interface["place"], "attached");
            assert_eq!(interface["probe_types"], serde_json::json!({"tcp_syn": 1}));
            let port = report.ports().next().unwrap();
            assert_eq!((&port["transport"], &port["port"]), (&"tcp".into(), &12.into()));
            let behind = seconds(&report.0["time"]).duration_since(seconds(&port["last_seen"]));
            assert!(behind.unwrap().as_secs() < 10, "{}", report.0);
        }
        assert_eq!((interval.kind(), totals.kind()), ("interval", "totals"));
    });
}

#[test]
fn rates_are_what_was_counted_over_the_time_it_took() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0");
        let mut before = port12.report();
        let cable = pair.far_raw();
        let frame = syn(BOTH[0], 12);
        for _ in 0..5 {
            (0..500).for_each(|_| cable.send(&frame));
            let after = port12.report();
            let period = after.0["period_seconds"].as_f64().unwrap();
            let counted = |unit: &str| {
                let count =
                    |report: &Report| report.interface("w0")["frames"][unit].as_u64().unwrap();
                (count(&after) - count(&before)) as f64
            };
            let rate = |unit: &str| after.interface("w0")[unit].as_f64().unwrap();
            assert!((rate("frames_per_second") * period - counted("packets")).abs() < 0.5);
            assert!((rate("bits_per_second") * period - counted("bytes") * 8.0).abs() < 0.5);
            let speed = after.interface("w0")["speed_bits_per_second"].as_f64().unwrap();
            assert!((rate("utilization") * speed - rate("bits_per_second")).abs() < 1.0);
            before = after;
        }
        let totals = port12.stop();
        let period = totals.0["period_seconds"].as_f64().unwrap();
        let rate = totals.ports().next().unwrap()["packets_per_second"].as_f64().unwrap();
        assert_eq!((rate * period).round(), 2_500.0, "{}", totals.0);
    });
}

#[test]
fn reports_come_at_their_interval_and_end_with_the_duration() {
    lab(|| {
        let pair = Pair::new();
        let output =
            Port12::run(&pair.near, "-i w0 --output json --interval 100ms --duration 1050ms");
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let reports: Vec<_> = text.lines().map(Report::parse).collect();
        let (totals, intervals) = reports.split_last().unwrap();
        assert_eq!(totals.kind(), "totals");
        // A busy machine may be late, and never early.
        assert!((1..=10).contains(&intervals.len()), "{}", intervals.len());
        for report in intervals {
            assert_eq!(report.kind(), "interval");
            assert!(report.0["period_seconds"].as_f64().unwrap() > 0.05, "{}", report.0);
        }
        assert!(totals.0["elapsed_seconds"].as_f64().unwrap() >= 1.05);
    });
}
