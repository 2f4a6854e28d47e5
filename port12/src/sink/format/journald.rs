//! An entry of the journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram
//! of fields, `NAME=value`.

use std::net::IpAddr;

use super::{Format, encode::journal_field, ports, syslog, text, words};
use crate::{
    event::Event,
    listeners::{Notice, What},
    outbound::Started,
    scan::Alert,
    text::time,
    too_deep::TooDeepAlert,
};

/// What an entry is, for message catalogs (`MESSAGE_ID`).
const PROBE: &str = "5b8f1ad0c3e94b6c9d1e7a20f4b3c612";
const SCAN: &str = "a6d1c47e0b5f4e38b2c90d7f6e1a3b54";
const SCAN_END: &str = "e2709c85d14a4f0fa83b5c6d7e91f028";

const LISTENER: &str = "0d64d1b2c7a94e6f8e35a1c9b07f2d48";
const LISTENER_LEFT: &str = "71f9a3c58b0e4d2c96e4d8b5a2c1f037";
const REACHED: &str = "c83b5e07f1d24a9ab60c7e92d4f5a816";
const STARTED: &str = "9f2c6e18b5d34a07a1c48e6d0b7f3529";
const TOO_DEEP: &str = "4c1de0a7f6b8493e8d52b19c73ea60f5";

pub(super) struct Journald;

impl Format for Journald {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        head(PROBE, syslog::INFORMATIONAL, &text::event(event), out);
        tuple(event, event.source, out);
        let headers = &event.headers;
        let vlans: Vec<String> = headers.vlans.iter().map(u16::to_string).collect();
        for (name, value) in [
            ("PORT12_RECORD", Some("event".to_owned())),
            ("PORT12_SHAPE", Some(event.shape.to_string())),
            ("PORT12_TOUCH", Some(words::touch(event).to_owned())),
            ("PORT12_TTL", headers.hop_limit.map(|it| it.to_string())),
            ("PORT12_VLAN", (!vlans.is_empty()).then(|| vlans.join("."))),
            ("PORT12_LENGTH", Some(event.length.to_string())),
            ("PORT12_TIME", Some(time::rfc3339_micros(event.time))),
        ] {
            value.inspect(|value| journal_field(name, value, out));
        }
    }

    fn alert(&mut self, alert: &Alert, out: &mut Vec<u8>) {
        let id = if alert.is_end { SCAN_END } else { SCAN };
        head(id, syslog::severity(alert), &text::alert(alert), out);
        tuple(&alert.sample, alert.source, out);
        for (name, value) in [
            ("PORT12_RECORD", if alert.is_end { "scan_end" } else { "scan" }.to_owned()),
            ("PORT12_SCAN", alert.kind.as_str().to_owned()),
            ("PORT12_SLOW", alert.is_slow.to_string()),
            ("PORT12_PORTS", ports::ranges(&alert.ports, usize::MAX)),
            ("PORT12_PORT_COUNT", alert.ports.len().to_string()),
            ("PORT12_TARGET_COUNT", alert.targets.len().to_string()),
            ("PORT12_EVENTS", alert.events.to_string()),
            ("PORT12_DROPPED", alert.dropped.to_string()),
            ("PORT12_FIRST_SEEN", time::rfc3339_micros(alert.first_seen)),
            ("PORT12_LAST_SEEN", time::rfc3339_micros(alert.last_seen)),
        ] {
            journal_field(name, &value, out);
        }
    }

    fn notice(&mut self, notice: &Notice, out: &mut Vec<u8>) {
        let (id, reached) = match &notice.what {
            What::Appeared { .. } | What::Passed => (LISTENER, None),
            What::Left => (LISTENER_LEFT, None),
            What::Reached { interface, packets, .. } => (REACHED, Some((interface, packets))),
        };
        head(id, syslog::urgency(notice), &text::notice(notice), out);
        let listener = notice.listener.as_ref();
        let process = listener.and_then(|it| it.processes.first());
        let program = process.and_then(|it| it.program.as_ref());
        for (name, value) in [
            ("PORT12_RECORD", Some("listener".to_owned())),
            ("PORT12_LISTENER", Some(words::happening(notice).to_owned())),
            ("PORT12_INTERFACE", reached.map(|(interface, _)| interface.to_string())),
            ("PORT12_PACKETS", reached.map(|(_, packets)| packets.to_string())),
            ("PORT12_TRANSPORT", Some(notice.transport.to_string())),
            ("PORT12_PORT", Some(notice.port.to_string())),
            ("PORT12_ADDRESS", listener.map(|it| it.address.to_string())),
            ("PORT12_DEVICE", listener.and_then(|it| it.device.clone())),
            ("PORT12_OWNER", listener.map(|it| words::owner(it.owner).to_owned())),
            ("PORT12_UID", listener.map(|it| it.uid.to_string())),
            ("PORT12_PID", process.map(|it| it.pid.to_string())),
            ("PORT12_PROCESS", process.and_then(|it| it.name.clone())),
            ("PORT12_EXE", program.map(|it| it.path.clone())),
            ("PORT12_TIME", Some(time::rfc3339_micros(notice.time))),
        ] {
            value.inspect(|value| journal_field(name, value, out));
        }
    }

    fn started(&mut self, started: &Started, out: &mut Vec<u8>) {
        head(STARTED, syslog::WARNING, &text::started(started), out);
        let Started { contact, sender } = started;
        let process = sender.processes.first();
        let program = process.and_then(|it| it.program.as_ref());
        for (name, value) in [
            ("PORT12_RECORD", Some("outbound".to_owned())),
            ("PORT12_INTERFACE", Some(contact.interface.to_string())),
            ("PORT12_SOURCE", Some(contact.source.to_string())),
            ("PORT12_SOURCE_PORT", Some(contact.source_port.to_string())),
            ("PORT12_DESTINATION", Some(contact.destination.to_string())),
            ("PORT12_TRANSPORT", Some(contact.transport.to_string())),
            ("PORT12_PORT", Some(contact.port.to_string())),
            ("PORT12_SHAPE", Some(contact.shape.to_string())),
            ("PORT12_OWNER", Some(sender.behind.as_str().to_owned())),
            ("PORT12_UID", Some(contact.uid.to_string())),
            ("PORT12_PID", process.map(|it| it.pid.to_string())),
            ("PORT12_PROCESS", process.and_then(|it| it.name.clone())),
            ("PORT12_EXE", program.map(|it| it.path.clone())),
            ("PORT12_TIME", Some(time::rfc3339_micros(contact.time))),
        ] {
            value.inspect(|value| journal_field(name, value, out));
        }
    }

    fn too_deep(&mut self, alert: &TooDeepAlert, out: &mut Vec<u8>) {
        head(TOO_DEEP, syslog::WARNING, &text::too_deep(alert), out);
        for (name, value) in [
            ("PORT12_RECORD", "too_deep".to_owned()),
            ("PORT12_INTERFACE", alert.interface.to_string()),
            ("PORT12_PACKETS", alert.packets.to_string()),
            ("PORT12_DROPPED", alert.dropped.to_string()),
            ("PORT12_TOO_DEEP", alert.reason.to_string()),
            ("PORT12_TIME", time::rfc3339_micros(alert.time)),
        ] {
            journal_field(name, &value, out);
        }
    }
}

fn head(id: &str, severity: u8, message: &str, out: &mut Vec<u8>) {
    journal_field("MESSAGE", message, out);
    journal_field("MESSAGE_ID", id, out);
    journal_field("PRIORITY", &severity.to_string(), out);
    journal_field("SYSLOG_FACILITY", &syslog::DAEMON.to_string(), out);
    journal_field("SYSLOG_IDENTIFIER", "port12", out);
}

fn tuple(event: &Event, source: IpAddr, out: &mut Vec<u8>) {
    journal_field("PORT12_INTERFACE", &event.interface, out);
    journal_field("PORT12_SOURCE", &source.to_string(), out);
    journal_field("PORT12_SOURCE_PORT", &event.source_port.to_string(), out);
    if let Some(destination) = event.headers.destination {
        journal_field("PORT12_DESTINATION", &destination.to_string(), out);
    }
    journal_field("PORT12_TRANSPORT", event.transport.as_str(), out);
    journal_field("PORT12_PORT", &event.port.to_string(), out);
    journal_field("PORT12_VERDICT", event.outcome.verdict().as_str(), out);
}

#[cfg(test)]
pub(super) mod tests;
