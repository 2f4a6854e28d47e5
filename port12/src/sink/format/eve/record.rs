//! The keys of a record, in Suricata's order.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

use crate::who::OnDisk;

/// Lists of texts.
pub(super) type Metadata = BTreeMap<&'static str, Vec<String>>;

#[derive(Serialize)]
pub(super) struct Eve<'a> {
    pub(super) timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flow_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_iface: Option<String>,
    pub(super) event_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vlan: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) src_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) src_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dest_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dest_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) proto: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip_v: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pkt_src: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) community_id: Option<String>,
    pub(super) alert: Alerted,
    pub(super) verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<&'static str>,
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
    Listener(ListenerContext),
    Outbound(OutboundContext),
    TooDeep(TooDeepContext),
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

#[derive(Serialize)]
pub(super) struct ListenerContext {
    pub(super) listener: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) packets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) others: Option<usize>,
    pub(super) owner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dual_stack: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inode: Option<u32>,
    pub(super) processes: Vec<ProcessContext>,
    pub(super) more_processes: usize,
}

#[derive(Serialize)]
pub(super) struct OutboundContext {
    /// How the conversation starts.
    pub(super) outbound: &'static str,
    pub(super) owner: &'static str,
    pub(super) uid: u32,
    pub(super) source: IpAddr,
    pub(super) source_port: u16,
    pub(super) processes: Vec<ProcessContext>,
    pub(super) more_processes: usize,
}

#[derive(Serialize)]
pub(super) struct TooDeepContext {
    pub(super) too_deep: &'static str,
    /// Packets since the last such alert, and those of them that were dropped.
    pub(super) packets: u64,
    pub(super) dropped: u64,
}

#[derive(Serialize)]
pub(super) struct ProcessContext {
    pub(super) pid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exe_on_disk: Option<OnDisk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container: Option<String>,
}
