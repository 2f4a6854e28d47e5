//! Line for people about a record of an EVE file.

use std::net::IpAddr;

use serde_json::Value;

use crate::text::Printable;

/// Facts of port12's records that a line shows, in this order.
const FACTS: &[&str] = &[
    "scan",
    "port_count",
    "target_count",
    "events",
    "listener",
    "owner",
    "outbound",
    "ban",
    "banned",
    "seconds",
    "bans",
    "capacity",
    "evicted",
    "effective_mode",
    "reverts_in_seconds",
    "change",
    "name",
    "why",
    "pins",
    "too_deep",
    "packets",
    "dropped",
    "loss",
    "count",
    "sink",
    "directory",
];

/// Line about a record: time, interface, transport, addresses, action, signature and facts; `None` if it has no time or is
/// no alert. A record without addresses has no transport and no action.
pub fn record_line(record: &Value) -> Option<String> {
    let text = |key: &str| record[key].as_str();
    let alert = record.get("alert")?.as_object()?;
    let of_alert = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or("-");
    let interface = text("in_iface").unwrap_or("-");
    let mut line = format!("{}  {interface}  ", text("timestamp")?);
    if text("src_ip").or(text("dest_ip")).is_some() {
        line += &format!(
            "{:<4}  {} -> {}  {}  ",
            text("proto").unwrap_or("-"),
            end(text("src_ip"), &record["src_port"]),
            end(text("dest_ip"), &record["dest_port"]),
            of_alert("action"),
        );
    }
    line += of_alert("signature");
    for (name, value) in facts(record) {
        line += &format!("  {name}={value}");
    }
    Some(Printable(line).to_string())
}

fn end(address: Option<&str>, port: &Value) -> String {
    let address = address.unwrap_or("-");
    let is_v6 = address.parse().is_ok_and(|it: IpAddr| it.is_ipv6());
    match (is_v6, port.as_u64()) {
        (true, Some(port)) => format!("[{address}]:{port}"),
        (false, Some(port)) => format!("{address}:{port}"),
        (_, None) => address.to_owned(),
    }
}

fn facts(record: &Value) -> Vec<(&'static str, String)> {
    let alert = &record["alert"];
    let known = &alert["context"]["port12"];
    let mut facts: Vec<_> = FACTS
        .iter()
        .filter_map(|&name| match &known[name] {
            Value::String(text) => Some((name, text.clone())),
            Value::Number(number) => Some((name, number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    if let Some(ports) = alert["metadata"]["port12_ports"][0].as_str() {
        facts.push(("ports", ports.to_owned()));
    }
    if let Some(processes) = alert["metadata"]["port12_process"].as_array() {
        let names: Vec<_> = processes.iter().filter_map(Value::as_str).collect();
        facts.push(("processes", names.join(",")));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::event::{Event, Record, any_event, tests::sample},
        sink::{Form, format_of},
    };
    use proptest::prelude::*;

    fn line(event: Event) -> String {
        let mut out = Vec::new();
        format_of(Form::Eve).write(&Record::from(event), &mut out);
        record_line(&serde_json::from_slice(&out).unwrap()).unwrap()
    }

    #[test]
    fn a_scan_is_shown_with_its_kind_ports_and_count() {
        let scan = sample::alert();
        let (ports, events) = (scan.ports.len(), scan.events);
        let line = line(scan.into());
        for fact in [format!("port_count={ports}"), format!("events={events}")] {
            assert!(line.contains(&fact), "{line}");
        }
        assert!(line.contains("  scan=") && line.contains("  ports="), "{line}");
    }

    proptest! {
        #[test]
        fn every_event_has_one_line_without_control_characters(event in any_event()) {
            let line = line(event);
            prop_assert!(line.contains("PORT12 ") && !line.contains(char::is_control), "{line}");
        }
    }
}
