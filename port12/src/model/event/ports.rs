//! Sets of ports as text.

use std::collections::{BTreeMap, BTreeSet};

use port12_common::Transport;

/// Ports that are listed of each transport: all well-known ones. A set has no others, unless
/// somebody else has made it.
const LISTED: usize = 1024;

/// The first ranges, at most so many: `tcp/1-3,7 udp/5 and 12 more`.
pub(super) fn ranges(ports: &BTreeSet<(Transport, u16)>, most: usize) -> String {
    let mut text = String::new();
    let mut shown = 0;
    let mut before = None;
    for (transport, first, last) in runs(ports).into_iter().take(most) {
        match before {
            Some(same) if same == transport => text.push(','),
            Some(_) => text.push_str(&format!(" {transport}/")),
            None => text.push_str(&format!("{transport}/")),
        }
        before = Some(transport);
        text.push_str(&match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        shown += usize::from(last - first) + 1;
    }
    match ports.len() - shown {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The ports of each transport, in order.
pub(super) fn listed(ports: &BTreeSet<(Transport, u16)>) -> BTreeMap<&'static str, Vec<u16>> {
    let mut listed: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for &(transport, port) in ports {
        let list = listed.entry(transport.as_str()).or_default();
        if list.len() < LISTED {
            list.push(port);
        }
    }
    listed
}

fn runs(ports: &BTreeSet<(Transport, u16)>) -> Vec<(Transport, u16, u16)> {
    let mut runs: Vec<(Transport, u16, u16)> = Vec::new();
    for &(transport, port) in ports {
        match runs.last_mut() {
            Some((same, _, last)) if *same == transport && last.checked_add(1) == Some(port) => {
                *last = port;
            }
            _ => runs.push((transport, port, port)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ports: &[(Transport, u16)]) -> BTreeSet<(Transport, u16)> {
        ports.iter().copied().collect()
    }

    #[test]
    fn neighbours_are_a_range() {
        use Transport::{Tcp, Udp};
        let ports = set(&[(Tcp, 3), (Tcp, 1), (Tcp, 2), (Tcp, 7), (Udp, 8), (Udp, 65535)]);
        assert_eq!(ranges(&ports, 9), "tcp/1-3,7 udp/8,65535");
        assert_eq!(ranges(&ports, 1), "tcp/1-3 and 3 more");
        assert_eq!(ranges(&ports, 3), "tcp/1-3,7 udp/8 and 1 more");
        assert_eq!(ranges(&set(&[]), 3), "");
    }

    #[test]
    fn every_well_known_port_is_listed() {
        let all: BTreeSet<_> = (0..=u16::MAX).map(|port| (Transport::Udp, port)).collect();
        assert_eq!(listed(&all)["udp"], (0..1024).collect::<Vec<_>>());
        assert_eq!(ranges(&all, 1), "udp/0-65535");
    }
}
