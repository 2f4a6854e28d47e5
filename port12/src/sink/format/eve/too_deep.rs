//! Records of packets with more headers than port12 reads.

use super::{
    BAD_TRAFFIC, Eve, Signature,
    record::{self, Alerted, Eve as Record, Metadata, Own, TooDeepContext, Verdict},
};
use crate::{text::time, too_deep::TooDeepAlert};

const TOO_DEEP: Signature =
    Signature { id: 1_012_008, text: "PORT12 packet with more headers than are read" };

impl Eve {
    /// The record of counted packets: it has no addresses.
    pub(super) fn too_deep_record<'a>(&'a self, alert: &TooDeepAlert) -> Record<'a> {
        let is_dropped = alert.dropped > 0;
        Record {
            timestamp: time::numeric_micros(alert.time),
            flow_id: None,
            in_iface: Some(alert.interface.to_string()),
            event_type: "alert",
            vlan: Vec::new(),
            src_ip: None,
            src_port: None,
            dest_ip: None,
            dest_port: None,
            proto: None,
            ip_v: None,
            pkt_src: None,
            community_id: None,
            alert: Alerted {
                action: if is_dropped { "blocked" } else { "allowed" },
                gid: 1,
                signature_id: TOO_DEEP.id,
                rev: 1,
                signature: TOO_DEEP.text,
                category: BAD_TRAFFIC,
                severity: 2,
                metadata: Metadata::from([(
                    "port12_too_deep",
                    vec![alert.reason.as_str().to_owned()],
                )]),
                context: record::Context {
                    port12: Own::TooDeep(TooDeepContext {
                        too_deep: alert.reason.as_str(),
                        packets: alert.packets,
                        dropped: alert.dropped,
                    }),
                },
            },
            verdict: Verdict { action: if is_dropped { "drop" } else { "alert" } },
            direction: None,
            host: self.host.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::tests::schema_refuses, *};
    use crate::sink::{format::Format as _, sample};

    fn record(alert: &TooDeepAlert) -> Value {
        let mut out = Vec::new();
        Eve { host: Some("edge".into()) }.too_deep(alert, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn packets_with_too_many_headers_are_an_alert_without_addresses() {
        let record = record(&sample::too_deep());
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
        let record = record(&TooDeepAlert { dropped: 0, ..sample::too_deep() });
        assert_eq!(
            (&record["alert"]["action"], &record["verdict"]["action"]),
            (&json!("allowed"), &json!("alert"))
        );
    }
}
