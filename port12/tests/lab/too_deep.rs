//! Packets with more headers than port12 reads.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::support::{
    Pair, Port12, Raw,
    addresses::BOTH,
    frame::{SOURCE_PORT, is_tcp, syn, tagged},
    lab, until,
};

/// Five priority tags, of which port12 reads four.
const FIVE: [u16; 5] = [0; 5];

/// An IPv6 SYN with so many destination options headers, each filled with one PadN option.
fn extended(addresses: (IpAddr, IpAddr), port: u16, headers: u8) -> Vec<u8> {
    let mut frame = syn(addresses, port);
    frame[20] = 60;
    frame[19] += headers * 8;
    for left in 0..headers {
        let next = if left == 0 { 6 } else { 60 };
        frame.splice(54..54, [next, 0, 1, 4, 0, 0, 0, 0]);
    }
    frame
}

/// Whether the stack answers a frame: frames keep their order, and it answers the SYN to port 22 behind it.
fn is_answered(far: &Raw, frame: &[u8]) -> bool {
    far.received();
    far.send(frame);
    far.send(&syn(BOTH[0], 22));
    let mut answered = false;
    far.receive("an answer", |frame| {
        answered |= is_tcp(frame, 12, SOURCE_PORT);
        is_tcp(frame, 22, SOURCE_PORT)
    });
    answered
}

fn run(pair: &Pair, policy: &str, args: &str) -> (Port12, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("port12.toml");
    std::fs::write(&path, policy).unwrap();
    (Port12::start(&pair.near, &format!("-i w0 --config {} {args}", path.display())), directory)
}

#[test]
fn five_priority_tags_reach_the_stack_in_monitor_mode_and_not_in_drop_mode() {
    for xdp_mode in ["native", "generic"] {
        lab(|| {
            let pair = Pair::new();
            let far = pair.far_raw();
            let frame = tagged(&syn(BOTH[0], 12), &FIVE);
            assert!(is_answered(&far, &frame), "the stack delivers it");
            let xdp_mode = format!("--xdp-mode {xdp_mode}");
            for (policy, reaches) in [
                ("", true),
                ("mode = \"drop\"", false),
                ("mode = \"drop\"\ntoo_deep = \"pass\"", true),
                (
                    "mode = \"drop\"\n[[port]]\nports = \"12\"\naction = \"drop\"\nenforce = true",
                    false,
                ),
            ] {
                let (port12, _policy) = run(&pair, policy, &xdp_mode);
                assert_eq!(is_answered(&far, &frame), reaches, "{policy}");
                let totals = port12.stop();
                assert_eq!(totals.outcome("too_deep"), 1, "{policy}");
                let counted = json!({"vlan_tags": {"packets": 1, "dropped": u64::from(!reaches)}});
                assert_eq!(totals.0["interfaces"][0]["too_deep"], counted, "{policy}");
            }
        });
    }
}

#[test]
fn frames_for_another_host_or_vlan_pass_however_many_tags_they_have() {
    lab(|| {
        let pair = Pair::new();
        let (port12, _policy) = run(&pair, "mode = \"drop\"", "");
        let far = pair.far_raw();
        let near = pair.near_raw();
        let mut neighbours = tagged(&syn(BOTH[0], 12), &FIVE);
        neighbours[5] ^= 0x55;
        let another_vlan = tagged(&syn(BOTH[0], 12), &[0, 7, 0, 0, 0]);
        for frame in [&neighbours, &another_vlan] {
            far.send(frame);
            near.receive("the frame", |seen| {
                seen[..6] == frame[..6] && seen.ends_with(&frame[40..])
            });
        }
        let totals = port12.stop();
        let counted = json!({"vlan_tags": {"packets": 2, "dropped": 0}});
        assert_eq!(totals.0["interfaces"][0]["too_deep"], counted);
    });
}

#[test]
fn twelve_extension_headers_are_read_and_thirteen_are_too_deep() {
    lab(|| {
        let pair = Pair::new();
        let far = pair.far_raw();
        let (port12, _policy) = run(&pair, "mode = \"drop\"", "");
        far.send(&extended(BOTH[1], 12, 12));
        far.send(&extended(BOTH[1], 12, 13));
        assert!(!is_answered(&far, &extended(BOTH[1], 12, 13)));
        let totals = port12.stop();
        assert_eq!((totals.outcome("dropped"), totals.outcome("too_deep")), (1, 2));
        let counted = json!({"ipv6_extension_headers": {"packets": 2, "dropped": 2}});
        assert_eq!(totals.0["interfaces"][0]["too_deep"], counted);
        let (port12, _policy) = run(&pair, "mode = \"drop\"\nallow = [\"fd12::2\"]", "");
        far.send(&extended(BOTH[1], 12, 13));
        far.send(&tagged(&syn(BOTH[1], 12), &FIVE));
        assert!(is_answered(&far, &syn(BOTH[1], 12)));
        let totals = port12.stop();
        let counted = json!({
            "ipv6_extension_headers": {"packets": 1, "dropped": 0},
            "vlan_tags": {"packets": 1, "dropped": 1},
        });
        assert_eq!(totals.0["interfaces"][0]["too_deep"], counted, "tags hide the address");
    });
}

#[test]
fn what_is_too_deep_raises_an_alert_whatever_its_verdict() {
    for (mode, dropped) in [("monitor", 0), ("drop", 1)] {
        lab(|| {
            let pair = Pair::new();
            let far = pair.far_raw();
            let mut port12 = Port12::start(&pair.near, &format!("-i w0 --mode {mode}"));
            far.send(&tagged(&syn(BOTH[0], 12), &FIVE));
            let line = port12.wait_until_said("w0 1 packet with more than 4 VLAN tags");
            assert!(line.ends_with(&format!(", {dropped} dropped")), "{line}");
            port12.stop();
        });
    }
}

#[test]
fn a_flood_of_what_is_too_deep_is_two_records_in_a_sink() {
    lab(|| {
        let pair = Pair::new();
        let far = pair.far_raw();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("eve.json");
        let sink = format!("-i w0 --mode drop --sink eve:{}", path.display());
        let port12 = Port12::start(&pair.near, &sink);
        let read = || -> Vec<Value> {
            let text = std::fs::read_to_string(&path).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let mut sent = 0;
        until("the first record", || {
            far.send(&tagged(&syn(BOTH[0], 12), &FIVE));
            sent += 1;
            (!read().is_empty()).then_some(())
        });
        port12.stop();
        let records = read();
        assert!(records.len() <= 2, "{records:?}");
        let counts =
            |key| records.iter().map(move |it| it["alert"]["context"]["port12"][key].as_u64());
        assert_eq!(counts("packets").sum::<Option<u64>>(), Some(sent));
        assert_eq!(counts("dropped").sum::<Option<u64>>(), Some(sent));
        assert_eq!(records[0]["alert"]["metadata"]["port12_too_deep"], json!(["vlan_tags"]));
        assert_eq!(records[0]["verdict"]["action"], "drop");
    });
}
