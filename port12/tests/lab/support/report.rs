//! A line of `--output json`.

use std::collections::BTreeSet;

use serde_json::Value;

/// Mode in force of an interface, and its reason: `drop`, `drop, unconfirmed`, `monitor, bypassed`.
pub fn mode(interface: &Value) -> String {
    let mode = &interface["mode"];
    let effective = mode["effective"].as_str().unwrap_or_else(|| panic!("{interface}"));
    match mode["reason"].as_str() {
        Some(reason) => format!("{effective}, {reason}"),
        None => effective.to_owned(),
    }
}

/// One report.
#[derive(Clone, Debug)]
pub struct Report(pub Value);

impl Report {
    /// Parses a line, and checks what holds for each: every frame has one outcome.
    pub fn parse(line: &str) -> Self {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for interface in value["interfaces"].as_array().unwrap() {
            for unit in ["packets", "bytes"] {
                let outcomes = interface["outcomes"].as_object().unwrap().values();
                let sum: u64 = outcomes.map(|outcome| outcome[unit].as_u64().unwrap()).sum();
                assert_eq!(interface["frames"][unit].as_u64(), Some(sum), "{interface}");
            }
        }
        Self(value)
    }

    /// `interval` or `totals`.
    pub fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap()
    }

    /// An interface's part.
    pub fn interface(&self, name: &str) -> &Value {
        let interfaces = self.0["interfaces"].as_array().unwrap();
        let found = interfaces.iter().find(|interface| interface["interface"] == name);
        found.unwrap_or_else(|| panic!("no interface {name}: {}", self.0))
    }

    /// The frames of an outcome, over all interfaces.
    pub fn outcome(&self, name: &str) -> u64 {
        self.sum(|interface| &interface["outcomes"][name]["packets"])
    }

    /// What is said of a port, if anything, by `packets`, `bytes`, `dropped`, `local_socket`.
    pub fn port(&self, transport: &str, port: u16, count: &str) -> u64 {
        let is_it = |entry: &&Value| entry["transport"] == transport && entry["port"] == port;
        self.ports().filter(is_it).map(|entry| entry[count].as_u64().unwrap()).sum()
    }

    /// The ports of a transport that were probed.
    pub fn probed(&self, transport: &str) -> BTreeSet<u16> {
        self.ports()
            .filter(|entry| entry["transport"] == transport && entry["packets"] != 0)
            .map(|entry| u16::try_from(entry["port"].as_u64().unwrap()).unwrap())
            .collect()
    }

    /// The ports of all interfaces.
    pub fn ports(&self) -> impl Iterator<Item = &Value> {
        let interfaces = self.0["interfaces"].as_array().unwrap().iter();
        interfaces.flat_map(|it| it["ports"].as_array().unwrap())
    }

    /// Whether an interface drops probes.
    pub fn drops(&self) -> bool {
        let mut interfaces = self.0["interfaces"].as_array().unwrap().iter();
        interfaces.any(|it| it["mode"]["effective"] == "drop")
    }

    fn sum<'a>(&'a self, count: impl Fn(&'a Value) -> &'a Value) -> u64 {
        let interfaces = self.0["interfaces"].as_array().unwrap();
        interfaces.iter().map(|interface| count(interface).as_u64().unwrap()).sum()
    }
}
