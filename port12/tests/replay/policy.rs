//! A replay under a whole policy, by both engines: `--config`.

use std::{io::Write as _, time::Duration};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{
    file::{ETHERNET, Pcap, datagram, file, syn},
    program::{Ended, command, end, outcome, port},
    root,
};

/// An Ethernet frame with an IPv4 packet, from another source.
fn from(source: [u8; 4], mut frame: Vec<u8>) -> Vec<u8> {
    frame[26..30].copy_from_slice(&source);
    frame
}

/// A capture of these frames, a second apart.
fn capture(frames: &[Vec<u8>]) -> NamedTempFile {
    let frames = (1_700_000_000..).zip(frames);
    let pcap = frames.fold(Pcap::new(ETHERNET), |pcap, (second, frame)| {
        pcap.frame(Duration::from_secs(second), frame)
    });
    file(&pcap.0)
}

fn policy(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn replay(engine: &str, policy: &NamedTempFile, capture: &NamedTempFile, more: &[&str]) -> Ended {
    let mut command = command(&["--output", "json", "--engine", engine, "--config"]);
    command.arg(policy.path()).args(more).arg(capture.path());
    end(command)
}

/// The totals, which both engines report alike.
fn totals(text: &str, frames: &[Vec<u8>]) -> Value {
    totals_with(text, frames, &[])
}

fn totals_with(text: &str, frames: &[Vec<u8>], more: &[&str]) -> Value {
    let (policy, capture) = (policy(text), capture(frames));
    let user = replay("user", &policy, &capture, more).totals();
    if root::or_skip("replays by the kernel's program") {
        let mut kernel = replay("kernel", &policy, &capture, more).totals();
        assert_ne!(kernel["interfaces"][0]["program"]["name"], "user");
        kernel["interfaces"][0]["program"] = user["interfaces"][0]["program"].clone();
        assert_eq!(without_events(kernel), without_events(user.clone()));
    }
    user
}

/// Event records are counts of the kernel program alone.
fn without_events(mut totals: Value) -> Value {
    totals["interfaces"][0]["events"] = Value::Null;
    totals
}

#[test]
fn a_source_on_the_allowlist_is_allowed() {
    let frames = [syn(12), from([192, 0, 2, 1], syn(12)), from([192, 0, 3, 1], syn(12))];
    let totals = totals("mode = \"drop\"\nallow = [\"192.0.2.0/24\", \"2001:db8::/32\"]", &frames);
    assert_eq!((outcome(&totals, "allowed"), outcome(&totals, "dropped")), (1, 2));
    assert_eq!(totals["interfaces"][0]["allowed"], 2);
}

#[test]
fn a_source_is_banned_after_its_probes_for_the_time_of_the_policy() {
    let text = "[ban]\nafter = 3\nfor = \"4s\"\nwithin = \"1m\"";
    // The third probe, at 2 s, bans until 6 s; the second ban, after three more, takes 8 s.
    let mut frames = vec![syn(12); 12];
    frames.push(from([192, 0, 2, 1], syn(12)));
    let totals = totals(text, &frames);
    // Probes at 0, 1, 2, 6, 7, 8 s; bans from then on.
    assert_eq!(outcome(&totals, "probe"), 7, "{totals}");
    assert_eq!(outcome(&totals, "banned"), 6);
    let bans = &totals["interfaces"][0]["bans"];
    assert_eq!(
        (&bans["after"], &bans["banned"], &bans["active"]),
        (&3.into(), &2.into(), &1.into())
    );
}

#[test]
fn probes_beyond_the_window_ban_nobody() {
    let text = "[ban]\nafter = 3\nfor = \"1h\"\nwithin = \"1s\"";
    let totals = totals(text, &vec![syn(12); 6]);
    assert_eq!((outcome(&totals, "probe"), outcome(&totals, "banned")), (6, 0));
}

#[test]
fn an_allowed_source_is_never_banned() {
    let text = "allow = [\"198.51.100.7\"]\n[ban]\nafter = 1";
    let totals = totals(text, &vec![syn(12); 3]);
    assert_eq!((outcome(&totals, "allowed"), outcome(&totals, "banned")), (3, 0));
}

#[test]
fn extra_ports_rules_and_reserved_ports_are_watched() {
    let text = "mode = \"drop\"\nextra = [\"22/tcp\"]\ninclude_reserved = true\n\
                [[port]]\nports = \"12/tcp\"\naction = \"ignore\"\n\
                [[port]]\nports = 14\naction = \"watch\"\nexpected = true";
    let totals = totals(text, &[syn(12), syn(14), syn(22), syn(0), syn(80), datagram(12)]);
    let counts = ["ignored", "probe", "dropped", "assigned"].map(|name| outcome(&totals, name));
    assert_eq!(counts, [1, 1, 3, 1], "{totals}");
    assert_eq!(port(&totals, "tcp", 14).unwrap()["expected"], true);
    assert_eq!(totals["interfaces"][0]["mode"]["effective"], "drop");
}

/// An Ethernet frame with an IPv6 packet of 13 extension headers: destination options of padding.
fn deep() -> Vec<u8> {
    let ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
    let options = [60, 0, 1, 4, 0, 0, 0, 0].repeat(13);
    let ip = [0x60, 0, 0, 0, 0, options.len() as u8, 60, 64];
    let address = |last| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    [&ethernet[..], &ip, &address(1), &address(2), &options].concat()
}

#[test]
fn too_deep_packets_are_dropped_unless_the_policy_passes_them() {
    for (text, dropped) in [
        ("mode = \"drop\"", 1),
        ("mode = \"drop\"\ntoo_deep = \"pass\"", 0),
        ("mode = \"monitor\"", 0),
    ] {
        let totals = totals_with(text, &[deep()], &["--local", "2001:db8::2"]);
        assert_eq!(outcome(&totals, "too_deep"), 1, "{totals}");
        let reasons = totals["interfaces"][0]["too_deep"].as_object().unwrap().values();
        let sum: u64 = reasons.map(|it| it["dropped"].as_u64().unwrap()).sum();
        assert_eq!(sum, dropped, "{text}: {totals}");
    }
}

#[test]
fn a_flag_precedes_the_file_and_a_bad_file_is_refused() {
    let capture = capture(&[syn(12)]);
    let drops = policy("mode = \"drop\"");
    let totals = replay("user", &drops, &capture, &["--mode", "monitor"]).totals();
    assert_eq!((outcome(&totals, "probe"), outcome(&totals, "dropped")), (1, 0));
    let ended = replay("user", &policy("mode = \"dorp\""), &capture, &[]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.message().contains("line 1: mode: \"dorp\" is not accepted"), "{ended:?}");
}

#[test]
fn records_have_the_labels_of_the_policy_and_the_same_ids_at_each_replay() {
    let policy =
        policy("labels = { site = \"lab\" }\nnetworks = { internal = [\"192.0.2.0/24\"] }\n");
    let capture = capture(&[from([192, 0, 2, 1], syn(12)), from([198, 51, 100, 1], syn(12))]);
    let records = || -> Vec<Value> {
        let directory = tempfile::tempdir().unwrap();
        let eve = directory.path().join("eve.json");
        let sink = format!("eve:{}", eve.display());
        replay("user", &policy, &capture, &["--sink", &sink]).totals();
        let text = std::fs::read_to_string(&eve).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let first = records();
    assert_eq!(first, records());
    let identity = |index: usize| &first[index]["alert"]["context"]["record"];
    assert_eq!(
        (&identity(0)["direction"], &identity(1)["direction"]),
        (&"internal".into(), &"inbound".into())
    );
    assert_eq!(identity(0)["labels"]["site"], "lab");
    assert_ne!(identity(0)["record_id"], identity(1)["record_id"]);
    assert!(identity(0).get("machine_id").is_none());
}
