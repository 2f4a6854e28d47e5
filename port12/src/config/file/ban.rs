//! The `[ban]` table.

use std::time::Duration;

use super::node::Node;
use crate::{
    config::{Fault, Refusal, time::ban},
    kernel::banning::{Scope, Terms},
};

/// The keys of the `[ban]` table.
pub const BAN_KEYS: &[&str] = &["after", "for", "within", "scope"];

/// What `after` is at most.
const MOST: u64 = 1_000_000;

const AFTER: &str = "write a number of probes from 1 to 1000000";

/// How long a ban takes where the table does not say.
const TIME: Duration = Duration::from_secs(600);

/// In what time the probes count where the table does not say.
const WITHIN: Duration = Duration::from_secs(600);

/// Reads the table.
pub(super) fn read(node: &Node<'_>) -> Result<Terms, Refusal> {
    let (mut after, mut time, mut within, mut scope) = (None, TIME, WITHIN, Scope::default());
    let accepted = "write a time such as \"10m\"";
    for entry in node.entries("write `[ban]` above its keys", BAN_KEYS)? {
        match entry.name() {
            "after" => after = Some(entry.number(AFTER, 1..=MOST)?),
            "for" => time = entry.text(accepted, ban)?,
            "within" => within = entry.text(accepted, ban)?,
            "scope" => scope = entry.choice()?,
            _ => {}
        }
    }
    // Where all of a source may be dropped, that may be for the operator alone to say.
    if after.is_none() && scope == Scope::Unassigned {
        return Err(node.refuse(Fault::Missing { key: "after", accepted: AFTER.to_owned() }));
    }
    Ok(Terms { after, time, within, scope })
}
