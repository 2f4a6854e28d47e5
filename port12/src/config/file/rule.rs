//! A `[[port]]` table.

use super::PORT_KEYS;
use crate::config::{Fault, PortAction, PortRule, Ports, PortsError, Refusal, node::Node};

/// Reads a rule, and refuses one that would do less, or more, than it seems to say.
pub(super) fn read(node: &Node<'_>) -> Result<PortRule, Refusal> {
    let mut ports = None;
    let (mut action, mut enforce, mut expected) = (None, None, None);
    for entry in node.entries("write `[[port]]` above each rule", PORT_KEYS)? {
        match entry.name() {
            "ports" => ports = Some(one_or_several(&entry)?),
            "action" => action = Some(entry.choice()?),
            "enforce" => enforce = Some((entry.truth()?, entry)),
            "expected" => expected = Some(entry.truth()?),
            _ => {}
        }
    }
    let missing = || Fault::Missing { key: "ports", accepted: PortsError.to_string() };
    let ports = ports.ok_or_else(|| node.refuse(missing()))?;
    let enforce = match enforce {
        Some((true, entry)) => {
            check_enforcement(action, &ports).map_err(|fault| entry.refuse(fault))?;
            true
        }
        Some((false, _)) | None => false,
    };
    if action.is_none() && expected.is_none() {
        return Err(node.refuse(Fault::Idle));
    }
    Ok(PortRule { ports, action, enforce, expected })
}

/// A socket's port is taken from it only where the policy names that very port.
fn check_enforcement(action: Option<PortAction>, ports: &[Ports]) -> Result<(), Fault> {
    if action != Some(PortAction::Drop) {
        return Err(Fault::EnforceWithoutDrop);
    }
    match ports.iter().find(|ports| !ports.is_named()) {
        Some(range) => Err(Fault::EnforceOnRange(*range)),
        None => Ok(()),
    }
}

fn one_or_several(node: &Node<'_>) -> Result<Vec<Ports>, Refusal> {
    if !node.is_list() {
        return node.ports().map(|ports| vec![ports]);
    }
    let ports = node.each("", Node::ports)?;
    match ports.is_empty() {
        true => Err(node.unaccepted(PortsError)),
        false => Ok(ports),
    }
}
