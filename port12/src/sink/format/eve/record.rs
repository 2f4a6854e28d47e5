//! The keys of a record, in Suricata's order.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

/// Lists of texts.
pub(super) type Metadata = BTreeMap<&'static str, Vec<String>>;

#[derive(Serialize)]
pub(super) struct Eve<'a> {
    pub(super) timestamp: String,
    pub(super) flow_id: u64,
    pub(super) in_iface: String,
    pub(super) event_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vlan: Vec<u16>,
    pub(super) src_ip: IpAddr,
    pub(super) src_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dest_ip: Option<IpAddr>,
    pub(super) dest_port: u16,
    pub(super) proto: &'static str,
    pub(super) ip_v: u8,
    pub(super) pkt_src: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) community_id: Option<String>,
    pub(super) alert: Alerted,
    pub(super) verdict: Verdict,
    pub(super) direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Verdict {
    pub(super) action: &'static str,
}

#[derive(Serialize)]
pub(super) struct Alerted {
    pub(super) action: &'static str,
    pub(super) gid: u32,
    pub(super) signature_id: u32,
    pub(super) rev: u32,
    pub(super) signature: &'static str,
    pub(super) category: &'static str,
    pub(super) severity: u8,
    pub(super) metadata: Metadata,
    pub(super) context: Context,
}

#[derive(Serialize)]
pub(super) struct Context {
    pub(super) port12: Own,
}

/// What is port12's own.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Own {
    Event(EventContext),
    Scan(ScanContext),
}

#[derive(Serialize)]
pub(super) struct EventContext {
    pub(super) shape: &'static str,
    pub(super) outcome: &'static str,
    pub(super) first: bool,
    /// Bytes of the frame, and how many were captured.
    pub(super) length: u32,
    pub(super) captured: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hop_limit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tcp_flags: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) options: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct ScanContext {
    pub(super) scan: &'static str,
    pub(super) slow: bool,
    pub(super) end: bool,
    pub(super) source: IpAddr,
    pub(super) port_count: usize,
    /// By transport.
    pub(super) ports: BTreeMap<&'static str, Vec<u16>>,
    pub(super) target_count: usize,
    pub(super) targets: Vec<IpAddr>,
    pub(super) events: u64,
    pub(super) dropped: u64,
    pub(super) first_seen: String,
    pub(super) last_seen: String,
    pub(super) duration_ms: u64,
}
