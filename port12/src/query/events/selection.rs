//! Selection of records.

use std::net::IpAddr;

use serde_json::Value;

use crate::model::event::SIGNATURES;

/// Selection of records; the default selects all.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Source of the packets, or banned source.
    pub source: Option<IpAddr>,
    /// Port: that of the packets, or one of a scan.
    pub port: Option<u16>,
    /// Kind of record, as in the journal's `PORT12_RECORD`.
    pub kind: Option<String>,
}

/// Kinds of records, each once.
pub fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = SIGNATURES.iter().map(|it| it.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

impl Selection {
    /// Whether a record is selected.
    pub(super) fn has(&self, record: &Value) -> bool {
        let facts = &record["alert"]["context"]["port12"];
        self.source.is_none_or(|wanted| {
            let is = |value: &Value| value.as_str().is_some_and(|it| it.parse() == Ok(wanted));
            is(&record["src_ip"]) || is(&facts["banned"])
        }) && self.port.is_none_or(|wanted| {
            let is = |value: &Value| value.as_u64() == Some(wanted.into());
            let mut lists = facts["ports"].as_object().into_iter().flatten();
            is(&record["dest_port"])
                || lists.any(|(_, ports)| ports.as_array().into_iter().flatten().any(is))
        }) && self.kind.as_deref().is_none_or(|wanted| kind(record) == Some(wanted))
    }
}

/// Kind of a record of port12.
fn kind(record: &Value) -> Option<&'static str> {
    let id = record["alert"]["signature_id"].as_u64()?;
    SIGNATURES.iter().find(|it| u64::from(it.id) == id).map(|it| it.kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selected(selection: &Selection, record: &Value) -> bool {
        selection.has(record)
    }

    #[test]
    fn a_ban_has_a_source_and_a_scan_all_of_its_ports() {
        let scan = json!({
            "src_ip": "192.0.2.7", "dest_port": 300,
            "alert": {"signature_id": 1_012_002, "context": {"port12": {"ports": {"tcp": [12, 300]}}}}
        });
        let ban = json!({"alert": {"signature_id": 1_012_009, "context": {"port12": {"banned": "192.0.2.7"}}}});
        let of = |source: Option<&str>, port, kind: Option<&str>| Selection {
            source: source.map(|it| it.parse().unwrap()),
            port,
            kind: kind.map(str::to_owned),
        };
        for (selection, expected) in [
            (of(None, None, None), [true, true]),
            (of(Some("192.0.2.7"), None, None), [true, true]),
            (of(Some("192.0.2.8"), None, None), [false, false]),
            (of(None, Some(12), None), [true, false]),
            (of(None, Some(13), None), [false, false]),
            (of(None, None, Some("ban")), [false, true]),
            (of(Some("192.0.2.7"), Some(12), Some("scan")), [true, false]),
        ] {
            let found = [&scan, &ban].map(|record| selected(&selection, record));
            assert_eq!(found, expected, "{selection:?}");
        }
        assert!(kinds().contains(&"probe") && kinds().contains(&"loss"));
    }
}
