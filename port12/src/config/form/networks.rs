//! The `[networks]` table.

use std::collections::BTreeSet;

use ipnet::IpNet;
use toml::Value;

use super::{Form, List, Shape};
use crate::config::{
    Refusal,
    node::Node,
    part::{Part, names},
};

/// The keys of the `[networks]` table, and their documentation.
pub const NETWORKS_PARTS: &[Part; 1] = &[Part {
    name: "internal",
    text: "Prefixes of your own networks. A scan from there has severity 2, and records have a\n\
           `direction`.",
}];

const KEYS: &[&str] = &names(NETWORKS_PARTS);

/// Networks that are the operator's own.
pub struct Networks(pub List<IpNet, BTreeSet<IpNet>>);

impl Form for Networks {
    type Value = BTreeSet<IpNet>;

    fn read(&self, node: &Node<'_>) -> Result<Self::Value, Refusal> {
        let mut internal = BTreeSet::new();
        for entry in node.entries("write `[networks]` above its keys", KEYS)? {
            internal = self.0.read(&entry)?;
        }
        Ok(internal)
    }

    fn parse(&self, _: &[&str]) -> Result<Self::Value, String> {
        Err("write `[networks]` in the policy file".to_owned())
    }

    fn write(&self, internal: &Self::Value) -> Option<Value> {
        let internal = self.0.write(internal)?;
        Some(Value::Table([("internal".to_owned(), internal)].into_iter().collect()))
    }

    fn shape(&self) -> Shape {
        Shape::one("a table")
    }
}
