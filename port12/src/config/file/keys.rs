//! The keys of the file, and what is written for each.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use ipnet::IpNet;

use super::node::Node;
use crate::{
    config::{
        Layer, Pattern, Ports, Refusal,
        prefix::prefix,
        time::{confirmation, period},
    },
    event::MAX_FRAME_BYTES,
    sink::{SinkSpec, SpecError},
};

/// The keys of the file.
pub const KEYS: &[&str] = &[
    "interfaces",
    "exclude",
    "mode",
    "xdp_mode",
    "transit",
    "forwarding",
    "too_deep",
    "confirm",
    "include_reserved",
    "extra",
    "allow",
    "ban",
    "registry",
    "egress",
    "pin",
    "reattach",
    "least_privilege",
    "interval",
    "remember_sources",
    "sinks",
    "frame_bytes",
    "output",
    "port",
];

/// What `remember_sources` is at most.
pub const MOST_SOURCES: u64 = 4_194_304;

/// The keys of a `[[port]]` table.
pub const PORT_KEYS: &[&str] = &["ports", "action", "enforce", "expected"];

/// Takes what an entry says into the layer.
pub(super) fn read(node: &Node<'_>, layer: &mut Layer) -> Result<(), Refusal> {
    match node.name() {
        "interfaces" => layer.interfaces = Some(node.valued(patterns)?),
        "exclude" => layer.exclude = Some(node.valued(patterns)?),
        "mode" => layer.mode = Some(node.valued(Node::choice)?),
        "xdp_mode" => layer.xdp_mode = Some(node.valued(Node::choice)?),
        "transit" => layer.transit = Some(node.valued(Node::choice)?),
        "forwarding" => layer.forwarding = Some(node.valued(Node::choice)?),
        "too_deep" => layer.too_deep = Some(node.valued(Node::choice)?),
        "confirm" => {
            let accepted = "write a time such as \"60s\"";
            layer.confirm = Some(node.valued(|node| node.text(accepted, confirmation))?);
        }
        "include_reserved" => layer.include_reserved = Some(node.valued(Node::truth)?),
        "extra" => layer.extra = Some(node.valued(extra)?),
        "allow" => layer.allow = Some(node.valued(prefixes)?),
        "ban" => layer.ban = Some(node.valued(super::ban::read)?),
        "registry" => layer.registry = Some(node.valued(path)?),
        "egress" => layer.egress = Some(node.valued(Node::truth)?),
        "pin" => layer.pin = Some(node.valued(Node::truth)?),
        "reattach" => layer.reattach = Some(node.valued(Node::truth)?),
        "least_privilege" => layer.least_privilege = Some(node.valued(Node::truth)?),
        "interval" => {
            let accepted = "write a time such as \"1s\"";
            layer.interval = Some(node.valued(|node| node.text(accepted, period))?);
        }
        "remember_sources" => {
            let accepted = "write a number from 1 to 4194304";
            let range = 1..=MOST_SOURCES;
            let number = node.valued(|node| node.number(accepted, range.clone()))?;
            layer.remember_sources = Some(number.map(|number| number as usize));
        }
        "sinks" => layer.sinks = Some(node.valued(sinks)?),
        "frame_bytes" => {
            let accepted = "write a number from 0 to 256";
            let range = 0..=MAX_FRAME_BYTES as u64;
            let number = node.valued(|node| node.number(accepted, range.clone()))?;
            layer.frame_bytes = Some(number.map(|number| number as usize));
        }
        "output" => layer.output = Some(node.valued(Node::choice)?),
        _ => {}
    }
    Ok(())
}

fn patterns(node: &Node<'_>) -> Result<Vec<Pattern>, Refusal> {
    let accepted = "write a list of names and globs, such as [\"eth0\", \"ens*\"]";
    node.each(accepted, |node| node.text(accepted, str::parse))
}

fn extra(node: &Node<'_>) -> Result<Vec<Ports>, Refusal> {
    node.each("write a list of ports, such as [\"23/tcp\", 111]", Node::ports)
}

fn prefixes(node: &Node<'_>) -> Result<BTreeSet<IpNet>, Refusal> {
    let accepted = "write a list of prefixes, such as [\"192.0.2.0/24\", \"2001:db8::1\"]";
    Ok(node.each(accepted, |node| node.text(accepted, prefix))?.into_iter().collect())
}

fn sinks(node: &Node<'_>) -> Result<Vec<SinkSpec>, Refusal> {
    let accepted =
        "write a list of sinks, such as [\"eve:/var/log/port12/eve.json\", \"journald\"]";
    node.each(accepted, |node| node.text(accepted, sink))
}

fn sink(text: &str) -> Result<SinkSpec, String> {
    let sink: SinkSpec = text.parse().map_err(|error: SpecError| error.to_string())?;
    match sink.target.path().is_none_or(Path::is_absolute) {
        true => Ok(sink),
        false => Err("write an absolute path, such as \"eve:/var/log/port12/eve.json\"".to_owned()),
    }
}

/// A file is read by services too, whose working directory is anywhere.
fn path(node: &Node<'_>) -> Result<PathBuf, Refusal> {
    let accepted = "write an absolute path, such as \"/var/lib/port12/registry.csv\"";
    node.text(accepted, |text| match text.starts_with('/') && !text.contains(char::is_control) {
        true => Ok(PathBuf::from(text)),
        false => Err(accepted),
    })
}
