//! nmap's scans, each told as what it is, once.

use std::{collections::BTreeSet, net::IpAddr, thread};

use port12::registry::Registry;
use port12_common::Transport;
use tempfile::tempdir;

use super::kept::{END_OF_SCAN, PROBE, SCAN, kind, ports, records, with};
use crate::support::{
    Pair, Port12,
    addresses::{FAR, FAR_V6, NEAR, NEAR_V6},
    lab,
};

/// The watched ports of a transport from `first` to `last`, as an alert lists them.
fn watched(transport: Transport, first: u16, last: u16) -> BTreeSet<String> {
    let watched = Registry::embedded().watched(transport);
    let watched = (first..=last).filter(|&port| watched.contains(port));
    watched.map(|port| format!("{transport}/{port}")).collect()
}

/// Scans the near host, and looks at what was told of each source.
fn scan(nmap: &str, sources: &[IpAddr], expected_kind: &str, expected: &BTreeSet<String>) {
    let (pair, directory) = (Pair::new(), tempdir().unwrap());
    // Else the kernel answers one UDP probe in a second.
    pair.near.sysctl("ipv4/icmp_ratelimit", "0");
    let eve = directory.path().join("eve.json");
    let mut port12 = Port12::start(&pair.near, &format!("-i w0 --sink eve:{}", eve.display()));
    pair.far.sh(&format!("nmap -Pn -n {nmap}"));
    // The end waits for the sink for two seconds, in which a busy machine does not write thousands of records.
    let mut written = [None, None, Some(0)];
    while written.iter().any(|it| *it != written[0]) {
        written.rotate_left(1);
        written[2] = port12.report().0["alerts"]["sinks"][0]["written"].as_u64();
    }
    let totals = port12.stop();
    let told = &totals.0["alerts"];
    assert_eq!(told["sinks"][0]["lost"], 0, "{told}");
    assert_eq!(
        (told["emitted"].as_u64(), told["rate_limited"].as_u64()),
        (Some(sources.len() as u64), Some(0)),
        "{nmap}"
    );
    let records = records(&eve);
    let alerts = with(&records, SCAN);
    assert_eq!(alerts.len(), sources.len(), "{nmap}: {alerts:?}");
    assert_eq!(with(&records, END_OF_SCAN).len(), 0, "{nmap}");
    for source in sources {
        let is_of = |alert: &&&serde_json::Value| alert["src_ip"] == source.to_string();
        let [alert] = alerts.iter().filter(is_of).collect::<Vec<_>>()[..] else {
            panic!("{nmap}: {source} is not told of once: {alerts:?}");
        };
        assert_eq!(kind(alert), expected_kind, "{nmap}: {alert}");
        assert_eq!(&ports(alert), expected, "{nmap}: {source}");
    }
    assert!(with(&records, PROBE).len() >= sources.len() * expected.len(), "{nmap}");
}

/// nmap's timing templates: normal, aggressive, insane.
const TIMINGS: [&str; 3] = ["-T3", "-T4", "-T5"];

#[test]
fn every_kind_of_tcp_scan_at_every_timing_is_one_alert_with_its_exact_ports() {
    lab(|| {
        let expected = watched(Transport::Tcp, 1, 1023);
        assert_eq!(expected.len(), 284);
        let kinds = [
            ("-sS", "syn"),
            ("-sN", "null"),
            ("-sF", "fin"),
            ("-sX", "xmas"),
            ("-sT", "syn"),
            ("-sS -r", "syn"),
            ("-sS -f", "tiny_fragments"),
            ("-sX -f", "tiny_fragments"),
        ];
        for timing in TIMINGS {
            for (args, kind) in kinds {
                let nmap = format!("{args} {timing} -p 1-1023 {NEAR}");
                scan(&nmap, &[FAR.into()], kind, &expected);
            }
            let nmap = format!("-6 -sS {timing} -p 1-1023 {NEAR_V6}");
            scan(&nmap, &[FAR_V6.into()], "syn", &expected);
        }
    });
}

/// nmap waits more than it sends: the three go on at the same time.
#[test]
fn a_udp_scan_at_every_timing_is_one_alert_with_its_exact_ports() {
    lab(|| {
        let expected = &watched(Transport::Udp, 1, 300);
        assert!(expected.len() > 20);
        thread::scope(|scope| {
            for timing in TIMINGS {
                let nmap = format!("-sU {timing} -p 1-300 {NEAR}");
                scope.spawn(move || scan(&nmap, &[FAR.into()], "udp", expected));
            }
        });
    });
}

#[test]
fn of_a_scan_with_decoys_each_source_is_told_once() {
    lab(|| {
        let decoys: Vec<IpAddr> =
            (101..=108).map(|last| IpAddr::from([198, 51, 100, last])).collect();
        let list: Vec<_> = decoys.iter().map(ToString::to_string).collect();
        let sources: Vec<IpAddr> = decoys.into_iter().chain([FAR.into()]).collect();
        let expected = watched(Transport::Tcp, 1, 1023);
        for timing in TIMINGS {
            for (args, kind) in [("-sS", "syn"), ("-sN", "null"), ("-sF", "fin"), ("-sX", "xmas")] {
                let nmap = format!("{args} {timing} -p 1-1023 -D {},ME {NEAR}", list.join(","));
                scan(&nmap, &sources, kind, &expected);
            }
        }
    });
}

#[test]
fn a_knock_or_two_is_no_scan() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        let port12 = Port12::start(&pair.near, &format!("-i w0 --sink eve:{}", eve.display()));
        pair.far.sh(&format!("nmap -Pn -n -sS -p 12,14,80,443 --max-retries 0 {NEAR}"));
        let totals = port12.stop();
        assert_eq!(totals.0["alerts"]["emitted"], 0);
        let records = records(&eve);
        assert_eq!((records.len(), with(&records, PROBE).len()), (2, 2), "{records:?}");
    });
}
