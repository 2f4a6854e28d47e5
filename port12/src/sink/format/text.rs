//! The one line that people read, wherever it goes.

use crate::{event::Event, report::Printable, scan::Alert};

use super::{ports, time, words};

/// Ranges of ports that an alert names.
const RANGES: usize = 8;

/// `eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL 54`.
pub(super) fn event(event: &Event) -> String {
    let mut text = format!(
        "{} {} {}/{}",
        Printable(&event.interface),
        words::verdict(event),
        event.transport,
        event.port
    );
    let headers = &event.headers;
    if let Some(destination) = headers.destination {
        text.push_str(&format!(" of {destination}"));
    }
    text.push_str(&format!(
        ", {} from {} port {}",
        words::shape(event.shape),
        event.source,
        event.source_port
    ));
    if let Some(hop_limit) = headers.hop_limit {
        text.push_str(&format!(", TTL {hop_limit}"));
    }
    if !headers.vlans.is_empty() {
        let vlans: Vec<String> = headers.vlans.iter().map(u16::to_string).collect();
        text.push_str(&format!(", VLAN {}", vlans.join(".")));
    }
    if !event.is_first {
        text.push_str(", again");
    }
    text
}

/// `eth0 TCP SYN scan from 192.0.2.1: 284 ports of 1 address in 12s, 284 events, 284 dropped:
/// tcp/4,6,8 and 281 more`.
pub(super) fn alert(alert: &Alert) -> String {
    let end = if alert.is_end { "end of a " } else { "" };
    let slow = if alert.is_slow { "slow " } else { "" };
    let length = time::between(alert.first_seen, alert.last_seen);
    // Tenths of a second are enough, and a day does not need them.
    let length = std::time::Duration::from_millis(length.as_millis() as u64 / 100 * 100);
    format!(
        "{} {end}{slow}{} from {}: {} of {} in {}, {}, {} dropped: {}",
        Printable(&alert.sample.interface),
        alert.kind.phrase(),
        alert.source,
        counted(alert.ports.len() as u64, "port", "ports"),
        counted(alert.targets.len() as u64, "address", "addresses"),
        humantime::format_duration(length),
        counted(alert.events, "event", "events"),
        alert.dropped,
        ports::ranges(&alert.ports, RANGES),
    )
}

fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
