//! nmap against the watched set.

use std::{collections::BTreeSet, net::IpAddr};

use port12::registry::Registry;
use port12_common::Transport;

use crate::support::{
    Pair, Port12,
    addresses::{NEAR, NEAR_V6},
    lab,
};

/// Scans every well-known port and returns the totals.
fn scan_shows_exactly_the_watched_ports(target: IpAddr, mode: &str, xdp_mode: &str) {
    let pair = Pair::new();
    let port12 = Port12::start(&pair.near, &format!("-i w0 --mode {mode} --xdp-mode {xdp_mode}"));
    let version = if target.is_ipv6() { "-6" } else { "" };
    pair.far.sh(&format!(
        "nmap {version} -sS -Pn -n -p1-1023 --max-retries 1 --min-rate 2000 \
         --max-rtt-timeout 200ms {target}"
    ));
    let totals = port12.stop();
    let watched = Registry::embedded().watched(Transport::Tcp);
    let expected: BTreeSet<u16> = (1..1024).filter(|&port| watched.contains(port)).collect();
    assert_eq!(expected.len(), 284);
    assert_eq!(totals.probed("tcp"), expected);
    assert!(totals.ports().all(|port| port["transport"] == "tcp"));
    let (taken, other) = if mode == "drop" { ("dropped", "probe") } else { ("probe", "dropped") };
    assert!(totals.outcome(taken) >= 284, "{}", totals.0);
    assert_eq!(totals.outcome(other), 0);
    assert_eq!(totals.interface("w0")["xdp_mode"], xdp_mode);
    assert!(totals.outcome("assigned") >= 1023 - 284);
}

#[test]
fn a_syn_scan_shows_exactly_the_watched_ports_in_native_xdp() {
    lab(|| {
        scan_shows_exactly_the_watched_ports(NEAR.into(), "monitor", "native");
        scan_shows_exactly_the_watched_ports(NEAR.into(), "drop", "native");
    });
}

#[test]
fn a_syn_scan_shows_exactly_the_watched_ports_in_generic_xdp() {
    lab(|| {
        scan_shows_exactly_the_watched_ports(NEAR.into(), "monitor", "generic");
        scan_shows_exactly_the_watched_ports(NEAR.into(), "drop", "generic");
    });
}

#[test]
fn a_syn_scan_over_ipv6_shows_exactly_the_watched_ports() {
    lab(|| scan_shows_exactly_the_watched_ports(NEAR_V6.into(), "drop", "native"));
}

#[test]
fn a_udp_scan_shows_the_unassigned_ports_only() {
    lab(|| {
        for (mode, outcome) in [("monitor", "probe"), ("drop", "dropped")] {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, &format!("-i w0 --mode {mode}"));
            pair.far.sh(&format!(
                "nmap -sU -Pn -n -p12,53,700,720 --max-retries 1 --max-rtt-timeout 200ms {NEAR}"
            ));
            let totals = port12.stop();
            assert_eq!(totals.probed("udp"), BTreeSet::from([12, 720]));
            assert!(totals.outcome(outcome) >= 2, "{}", totals.0);
            assert!(totals.outcome("assigned") >= 2);
        }
    });
}

#[test]
fn the_odd_scans_are_conversation_starts_and_an_ack_scan_is_not() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0");
        for (scan, port) in [("-sN", 12), ("-sF", 14), ("-sX", 16), ("-sA", 26)] {
            pair.far.sh(&format!("nmap {scan} -Pn -n -p{port} --max-retries 0 {NEAR}"));
        }
        let totals = port12.stop();
        assert_eq!(totals.probed("tcp"), BTreeSet::from([12, 14, 16]));
        assert_eq!(totals.outcome("reply"), 1);
        let shapes = &totals.interface("w0")["probe_types"];
        assert_eq!(shapes["tcp_null"], 1, "{shapes}");
        assert_eq!(shapes["tcp_fin"], 1, "{shapes}");
        assert_eq!(shapes["tcp_xmas"], 1, "{shapes}");
    });
}

#[test]
fn no_size_of_fragments_hides_a_syn() {
    lab(|| {
        // Eight, sixteen and twenty-four bytes of TCP in the first fragment.
        for fragments in ["-f", "-ff", "--mtu 24"] {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            let scan = format!("nmap -sS {fragments} -Pn -n -p12 --max-retries 0 {NEAR}");
            let seen = pair.far.sh(&scan);
            assert!(seen.contains("12/tcp filtered"), "{seen}");
            let totals = port12.stop();
            assert_eq!(totals.port("tcp", 12, "dropped"), 1, "{fragments}: {}", totals.0);
            assert_eq!(totals.outcome("malformed"), 0, "{fragments}");
        }
    });
}
