//! The keys of a record, in Suricata's order.

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Serialize, Serializer};

use crate::{model::event::Value, text::time};

/// Lists of texts.
pub(super) type Metadata = BTreeMap<String, Vec<String>>;

#[derive(Serialize)]
pub(super) struct Eve<'a> {
    pub(super) timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flow_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_iface: Option<&'a str>,
    pub(super) event_type: &'static str,
    #[serde(skip_serializing_if = "<[u16]>::is_empty")]
    pub(super) vlan: &'a [u16],
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
    pub(super) alert: Alerted<'a>,
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
pub(super) struct Alerted<'a> {
    pub(super) action: &'static str,
    pub(super) gid: u32,
    pub(super) signature_id: u32,
    pub(super) rev: u32,
    pub(super) signature: &'static str,
    pub(super) category: &'static str,
    pub(super) severity: u8,
    pub(super) metadata: Metadata,
    pub(super) context: Context<'a>,
}

#[derive(Serialize)]
pub(super) struct Context<'a> {
    pub(super) port12: Members<'a>,
    /// Facts that all records have.
    #[serde(skip_serializing_if = "Members::is_empty")]
    pub(super) record: Members<'a>,
}

/// Values by name.
pub(super) struct Members<'a>(pub(super) Vec<(&'a str, &'a Value)>);

impl Members<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let known = self.0.iter().filter(|(_, value)| **value != Value::Absent);
        to.collect_map(known.map(|(name, value)| (name, Typed(value))))
    }
}

/// A value as JSON, with times as EVE writes them.
struct Typed<'a>(&'a Value);

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Absent => to.serialize_none(),
            Value::Text(text) => to.serialize_str(text),
            Value::Word(word) => to.serialize_str(word),
            Value::Number(number) => to.serialize_u64(*number),
            Value::Flag(flag) => to.serialize_bool(*flag),
            Value::Address(address) => to.collect_str(address),
            Value::Time(time) => to.serialize_str(&time::numeric_micros(*time)),
            Value::List(values) => to.collect_seq(values.iter().map(Typed)),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (&**name, value));
                Members(members.collect()).serialize(to)
            }
        }
    }
}
