mod schema;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::model::event::{Notice, Probe, SIGNATURES, Scan, TooDeepAlert, tests::sample};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../../dist/eve.schema.json")).unwrap()
});

/// Keys of Suricata 8's `etc/schema.json`: those of the top level, `alert` and `verdict` that a record
/// of an alert on a packet may have.
const SURICATA: [&[&str]; 3] = [
    &[
        "timestamp",
        "flow_id",
        "in_iface",
        "event_type",
        "vlan",
        "src_ip",
        "src_port",
        "dest_ip",
        "dest_port",
        "proto",
        "ip_v",
        "pkt_src",
        "community_id",
        "alert",
        "verdict",
        "direction",
        "host",
    ],
    &[
        "action",
        "category",
        "context",
        "gid",
        "metadata",
        "references",
        "rev",
        "rule",
        "severity",
        "signature",
        "signature_id",
        "source",
        "target",
        "xff",
    ],
    &["action", "reject", "reject-target"],
];

/// Why port12's own schema refuses a record, where it does.
pub(in super::super) fn schema_refuses(record: &Value) -> Option<String> {
    schema::check(&SCHEMA, &SCHEMA, record, "$").err()
}

fn eve() -> Eve {
    Eve { host: Some("edge".into()) }
}

fn written(record: impl Into<Record>) -> Value {
    let mut out = Vec::new();
    eve().write(&record.into(), &mut out);
    assert!(out.ends_with(b"}\n"));
    serde_json::from_slice(&out).unwrap()
}

fn event(probe: &Probe) -> Value {
    written(probe.clone())
}

fn alert(scan: &Scan) -> Value {
    written(scan.clone())
}

#[test]
fn an_event_is_suricatas_alert() {
    assert_eq!(
        event(&sample::event()),
        json!({
            "timestamp": "2026-03-01T12:34:56.789012+0000",
            "flow_id": Flow::of(&sample::event().tuple()).unwrap().id(),
            "in_iface": "eth0",
            "event_type": "alert",
            "src_ip": "192.0.2.1",
            "src_port": 40000,
            "dest_ip": "198.51.100.7",
            "dest_port": 12,
            "proto": "TCP",
            "ip_v": 4,
            "pkt_src": "wire/pcap",
            "community_id": Flow::of(&sample::event().tuple()).unwrap().community_id(),
            "alert": {
                "action": "blocked",
                "gid": 1,
                "signature_id": 1_012_001,
                "rev": 1,
                "signature": "PORT12 probe of an unassigned port",
                "category": "Detection of a Network Scan",
                "severity": 4,
                "metadata": {
                    "port12_shape": ["tcp_syn"],
                    "port12_touch": ["first"],
                    "port12_tcp_flags": ["SYN"],
                },
                "context": { "port12": {
                    "shape": "tcp_syn",
                    "outcome": "dropped",
                    "first": true,
                    "length": 54,
                    "captured": 54,
                    "hop_limit": 54,
                    "tcp_flags": 2,
                    "options": false,
                } },
            },
            "verdict": { "action": "drop" },
            "direction": "to_server",
            "host": "edge",
        })
    );
}

#[test]
fn what_passed_was_allowed() {
    let record = event(&sample::sctp());
    assert_eq!(record["alert"]["action"], "allowed");
    assert_eq!(record["verdict"]["action"], "alert");
    assert_eq!((&record["ip_v"], &record["proto"]), (&json!(6), &json!("SCTP")));
}

#[test]
fn vlans_are_a_list_and_what_is_not_known_is_absent() {
    let mut tagged = sample::event();
    tagged.headers.vlans = vec![100, 7];
    assert_eq!(event(&tagged)["vlan"], json!([100, 7]));
    let mut cut = sample::event();
    cut.headers = crate::model::event::Headers::default();
    let record = event(&cut);
    for key in ["vlan", "dest_ip", "community_id"] {
        assert!(record.get(key).is_none(), "{key}");
    }
    assert!(record["flow_id"].is_u64());
}

#[test]
fn a_scan_has_the_tuple_of_its_sample_and_every_port() {
    let record = alert(&sample::alert());
    assert_eq!(record["event_type"], "alert");
    assert_eq!(record["alert"]["signature_id"], 1_012_002);
    assert_eq!(record["dest_port"], 12);
    assert_eq!(record["alert"]["metadata"]["port12_ports"], json!(["tcp/2,12-14"]));
    let own = &record["alert"]["context"]["port12"];
    assert_eq!(own["ports"], json!({ "tcp": [2, 12, 13, 14] }));
    assert_eq!(own["duration_ms"], 12_543);
    let mut end = sample::alert();
    end.is_end = true;
    assert_eq!(alert(&end)["alert"]["signature_id"], 1_012_003);
}

fn notice(notice: &Notice) -> Value {
    written(notice.clone())
}

#[test]
fn a_listener_is_an_alert_without_a_source() {
    assert_eq!(
        notice(&sample::notice()),
        json!({
            "timestamp": "2026-03-01T12:34:56.789012+0000",
            "event_type": "alert",
            "dest_ip": "0.0.0.0",
            "dest_port": 12,
            "proto": "TCP",
            "ip_v": 4,
            "alert": {
                "action": "allowed",
                "gid": 1,
                "signature_id": 1_012_004,
                "rev": 1,
                "signature": "PORT12 listener on an unassigned port",
                "category": "Potentially Bad Traffic",
                "severity": 2,
                "metadata": {
                    "port12_listener": ["appeared"],
                    "port12_pid": ["4711"],
                    "port12_process": ["nc"],
                },
                "context": { "port12": {
                    "listener": "appeared",
                    "owner": "process",
                    "dual_stack": false,
                    "uid": 0,
                    "inode": 77,
                    "processes": [{
                        "pid": 4711,
                        "name": "nc",
                        "command": "nc -l -p 12",
                        "exe": "/usr/bin/nc",
                        "exe_on_disk": "deleted",
                        "uid": 0,
                        "started": "2026-03-01T12:34:55.789012+0000",
                        "unit": "x.service",
                    }],
                    "more_processes": 0,
                } },
            },
            "verdict": { "action": "alert" },
            "host": "edge",
        })
    );
    let reached = notice(&sample::reached());
    assert_eq!(reached["alert"]["severity"], 1);
    assert_eq!(reached["in_iface"], "eth0");
    assert_eq!(reached["alert"]["context"]["port12"]["packets"], 3);
}

#[test]
fn the_schema_accepts_the_samples_and_nothing_else() {
    let good = event(&sample::event());
    assert_eq!(schema_refuses(&good), None);
    assert_eq!(schema_refuses(&alert(&sample::alert())), None);
    let mut listener = notice(&sample::notice());
    assert_eq!(schema_refuses(&listener), None);
    for (key, value) in [("src_ip", "192.0.2.1"), ("direction", "to_server")] {
        let mut sourced = listener.clone();
        sourced[key] = json!(value);
        assert!(schema_refuses(&sourced).is_some(), "{key}");
    }
    for part in ["metadata", "context"] {
        let mut mixed = listener.clone();
        mixed["alert"][part] = good["alert"][part].clone();
        assert!(schema_refuses(&mixed).is_some(), "{part}");
    }
    listener["alert"]["signature_id"] = json!(1_012_001);
    assert!(schema_refuses(&listener).is_some());
    let mut named = good.clone();
    named["alert"]["signature_id"] = json!(1_012_004);
    assert!(schema_refuses(&named).is_some());
    for (pointer, key, value) in [
        ("", "extra", json!(1)),
        ("/alert", "extra", json!("x")),
        ("/alert/context/port12", "extra", json!("x")),
        ("/alert/metadata", "port12_shape", json!("tcp_syn")),
        ("/verdict", "action", json!("reject")),
        ("", "src_port", json!(65536)),
        ("", "flow_id", json!(-1)),
        ("", "vlan", json!([])),
        ("", "timestamp", json!("2026-03-01T12:34:56.789012Z")),
    ] {
        let mut bad = good.clone();
        let object = if pointer.is_empty() { &mut bad } else { bad.pointer_mut(pointer).unwrap() };
        object[key] = value;
        assert!(schema_refuses(&bad).is_some(), "{pointer}/{key}");
    }
    let mut short = good;
    short.as_object_mut().unwrap().remove("flow_id");
    assert!(schema_refuses(&short).is_some());
}

#[test]
fn every_object_of_the_schema_is_closed() {
    fn walk(schema: &Value, path: &str) {
        if schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{path}");
        }
        let members = schema.as_object().into_iter().flatten();
        let items = schema.as_array().into_iter().flatten().enumerate();
        members.for_each(|(key, value)| walk(value, &format!("{path}/{key}")));
        items.for_each(|(index, value)| walk(value, &format!("{path}/{index}")));
    }
    walk(&SCHEMA, "");
}

#[test]
fn every_key_is_one_of_suricatas() {
    let properties = &SCHEMA["properties"];
    let objects =
        [properties, &properties["alert"]["properties"], &properties["verdict"]["properties"]];
    for (object, known) in objects.into_iter().zip(SURICATA) {
        for key in object.as_object().unwrap().keys() {
            assert!(known.contains(&key.as_str()), "{key}");
        }
    }
}

/// Nobody is to ban the host itself, or whom it talks to, for what it starts.
#[test]
fn what_this_host_starts_has_no_source() {
    let record = written(sample::started());
    assert_eq!(schema_refuses(&record), None);
    let keys = record.as_object().unwrap();
    assert!(
        ["src_ip", "src_port", "direction", "flow_id"].iter().all(|key| !keys.contains_key(*key))
    );
    assert_eq!((&record["dest_ip"], &record["dest_port"]), (&json!("198.51.100.7"), &json!(12)));
    assert_eq!(record["community_id"], Flow::of(&sample::event().tuple()).unwrap().community_id());
    let alert = &record["alert"];
    assert_eq!((&alert["signature_id"], &alert["severity"]), (&json!(1_012_007), &json!(2)));
    assert_eq!(alert["metadata"]["port12_process"], json!(["nc"]));
    let own = &alert["context"]["port12"];
    assert_eq!((&own["outbound"], &own["owner"]), (&json!("tcp_syn"), &json!("process")));
    assert_eq!((&own["source"], &own["source_port"]), (&json!("192.0.2.1"), &json!(40000)));
    assert_eq!(own["processes"][0]["exe"], "/usr/bin/nc");
    let packet = event(&sample::event());
    for key in ["src_ip", "src_port", "flow_id", "pkt_src", "direction"] {
        let mut sourced = record.clone();
        sourced[key] = packet[key].clone();
        assert!(schema_refuses(&sourced).is_some(), "{key}");
    }
    for other in [packet, notice(&sample::notice())] {
        for part in ["metadata", "context", "signature_id"] {
            let mut mixed = record.clone();
            mixed["alert"][part] = other["alert"][part].clone();
            assert!(schema_refuses(&mixed).is_some(), "{part}");
        }
    }
    let record = written(sample::started_unseen());
    assert_eq!(schema_refuses(&record), None);
    assert_eq!(record["alert"]["context"]["port12"]["owner"], "unseen");
}

#[test]
fn packets_with_too_many_headers_are_an_alert_without_addresses() {
    let record = written(sample::too_deep());
    assert_eq!(schema_refuses(&record), None);
    assert_eq!(
        record,
        json!({
            "timestamp": "2026-03-01T12:34:56.789012+0000",
            "in_iface": "eth0",
            "event_type": "alert",
            "alert": {
                "action": "blocked",
                "gid": 1,
                "signature_id": 1_012_008,
                "rev": 1,
                "signature": "PORT12 packet with more headers than are read",
                "category": "Potentially Bad Traffic",
                "severity": 2,
                "metadata": {"port12_too_deep": ["vlan_tags"]},
                "context": {"port12": {"too_deep": "vlan_tags", "packets": 3, "dropped": 2}}
            },
            "verdict": {"action": "drop"},
            "host": "edge"
        })
    );
    for key in ["src_ip", "dest_port", "flow_id"] {
        let mut addressed = record.clone();
        addressed[key] = json!("192.0.2.1");
        assert!(schema_refuses(&addressed).is_some(), "{key}");
    }
}

#[test]
fn packets_that_passed_were_allowed() {
    let record = written(TooDeepAlert { dropped: 0, ..sample::too_deep() });
    assert_eq!(
        (&record["alert"]["action"], &record["verdict"]["action"]),
        (&json!("allowed"), &json!("alert"))
    );
}

/// The schema is what has been published: an id that is in it keeps its text, and none of it is taken out.
#[test]
fn the_schema_lists_the_signatures_that_there_ever_were() {
    let properties = &SCHEMA["properties"]["alert"]["properties"];
    let ids: Vec<_> = SIGNATURES.iter().map(|it| json!(it.id)).collect();
    let texts: Vec<_> = SIGNATURES.iter().map(|it| json!(it.text)).collect();
    assert_eq!(properties["signature_id"]["enum"], json!(ids));
    assert_eq!(properties["signature"]["enum"], json!(texts));
}
