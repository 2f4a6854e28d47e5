//! A real capture: tcpdump beside an nmap scan.

use std::{collections::BTreeSet, process::Command};

use port12::registry::Registry;
use port12_common::Transport;
use serde_json::Value;

use crate::{
    file::file,
    program::{command, end},
    root,
};

/// In a network namespace of its own; the scanned host is in another.
const SCAN: &str = r#"
    set -e
    ip link set lo up
    # IPv6's own chatter has longer headers than the snap length.
    quiet="sysctl -qw net.ipv6.conf.default.disable_ipv6=1"
    $quiet
    unshare --net sleep 60 &
    host=$!
    trap 'kill $host; [ -z "$dump" ] || kill $dump' EXIT
    until [ "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    nsenter -t $host -n $quiet
    ip link add p12d-a type veth peer p12d-b netns $host
    ip address add 10.12.0.1/24 dev p12d-a
    ip link set p12d-a up
    nsenter -t $host -n ip address add 10.12.0.2/24 dev p12d-b
    nsenter -t $host -n ip link set p12d-b up
    nsenter -t $host -n tcpdump -i p12d-b -B 32768 -Q in -U -s "$SNAP" -w "$OUT" 2> "$OUT.err" &
    dump=$!
    until grep -q 'listening on' "$OUT.err"; do sleep 0.01; done
    nmap -sS -Pn -n --max-retries 2 -p 1-1023 10.12.0.2 > /dev/null
    # What the kernel holds for tcpdump comes to it after a second at most.
    sleep 1.2
    kill -INT $dump
    wait $dump || true
    dump=
    grep -q "^0 packets dropped by kernel" "$OUT.err"
    rm -f "$OUT.err"
"#;

pub fn scanned(snap: &str) -> tempfile::NamedTempFile {
    for program in ["nmap", "tcpdump", "ip", "unshare", "nsenter"] {
        let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        assert!(there.unwrap().status.success(), "the test uses {program}: install it");
    }
    let capture = file(b"");
    let mut scan = Command::new("unshare");
    scan.args(["--net", "sh", "-c", SCAN]).env("OUT", capture.path()).env("SNAP", snap);
    let ended = end(scan);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    capture
}

fn replayed(engine: &str, capture: &tempfile::NamedTempFile) -> Value {
    let mut replay = command(&["--engine", engine, "--output", "json"]);
    replay.arg(capture.path());
    end(replay).totals()
}

/// The TCP ports of a report, and whether another transport's is among them.
fn hit(report: &Value) -> BTreeSet<u16> {
    let ports = report["interfaces"][0]["ports"].as_array().unwrap();
    assert!(ports.iter().all(|port| port["transport"] == "tcp"));
    ports.iter().map(|port| port["port"].as_u64().unwrap() as u16).collect()
}

#[test]
fn a_replayed_scan_hits_exactly_the_watched_ports() {
    if !root::or_skip("captures a scan in a namespace") {
        return;
    }
    let watched = Registry::embedded().watched(Transport::Tcp).iter();
    let watched: BTreeSet<u16> = watched.filter(|port| (1..=1023).contains(port)).collect();
    // 58: the headers of nmap's SYNs, and not a byte more.
    for snap in ["262144", "58"] {
        let capture = scanned(snap);
        for engine in ["kernel", "user"] {
            let report = replayed(engine, &capture);
            assert_eq!(hit(&report), watched, "{engine}");
            assert_eq!(report["capture"]["end"], "complete");
            assert_eq!(report["capture"]["cut"], 0);
            let sources = &report["sources"];
            assert_eq!(sources["tracked"], 1);
            assert_eq!(sources["top"][0]["source"], "10.12.0.1");
            assert_eq!(sources["top"][0]["port_count"], watched.len());
        }
        let [kernel, user] = ["kernel", "user"].map(|engine| replayed(engine, &capture));
        assert_eq!(kernel["interfaces"][0]["ports"], user["interfaces"][0]["ports"]);
        assert_eq!(kernel["interfaces"][0]["outcomes"], user["interfaces"][0]["outcomes"]);
        if let Some(frames) = frames_by_capinfos(&capture) {
            assert_eq!(user["capture"]["frames"], frames);
        }
    }
}

/// The frames that Wireshark counts, where it is there.
fn frames_by_capinfos(capture: &tempfile::NamedTempFile) -> Option<u64> {
    let mut capinfos = Command::new("capinfos");
    capinfos.args(["-M", "-T", "-r", "-c"]).arg(capture.path());
    let Ok(output) = capinfos.output() else {
        eprintln!("not compared with capinfos: it is not here");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.trim().rsplit('\t').next().unwrap().parse().unwrap())
}
