//! What an EVE sink has kept.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// Signatures.
pub const PROBE: u64 = 1_012_001;
pub const SCAN: u64 = 1_012_002;
pub const END_OF_SCAN: u64 = 1_012_003;

/// The records of a file, each a line.
pub fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has no end");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Those with a signature.
pub fn with(records: &[Value], signature: u64) -> Vec<&Value> {
    records.iter().filter(|record| record["alert"]["signature_id"] == signature).collect()
}

/// The kind of scan that an alert names.
pub fn kind(alert: &Value) -> &str {
    alert["alert"]["metadata"]["port12_scan"][0].as_str().unwrap()
}

/// The ports that an alert lists, such as `tcp/12`.
pub fn ports(alert: &Value) -> BTreeSet<String> {
    let transports = alert["alert"]["context"]["port12"]["ports"].as_object().unwrap();
    let of = |(transport, ports): (&String, &Value)| -> Vec<String> {
        let ports = ports.as_array().unwrap().iter();
        ports.map(|port| format!("{transport}/{port}")).collect()
    };
    transports.iter().flat_map(of).collect()
}
