//! Software that uses ports which IANA lists as unassigned, or that knocks on them. It explains
//! traffic; it never changes what is watched.

use std::ops::RangeInclusive;

use port12_common::Transport;

/// A use that is not IANA's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unofficial {
    /// The ports.
    pub ports: RangeInclusive<u16>,
    /// The transport, where it is known.
    pub transport: Option<Transport>,
    /// User of the ports.
    pub who: &'static str,
}

/// Every known use.
pub const USES: &[Unofficial] = &[
    at(12, None, "Dark Age of Camelot (2001), by an entry in a port database"),
    at(28, Some(Transport::Tcp), "Palo Alto Networks firewalls, high availability"),
    at(81, Some(Transport::Tcp), "alternative HTTP, and the Persirai botnet of cameras"),
    at(114, None, "looked at by chkrootkit's bindshell check"),
    at(258, Some(Transport::Tcp), "an old firewall's management interface"),
    at(783, Some(Transport::Tcp), "SpamAssassin's spamd"),
    at(808, Some(Transport::Tcp), "CCProxy"),
    at(843, Some(Transport::Tcp), "Flash socket policy server"),
    at(871, Some(Transport::Tcp), "supfilesrv"),
    at(987, Some(Transport::Udp), "PlayStation discovery"),
    at(1008, None, "looked at by chkrootkit's bindshell check"),
    Unofficial {
        ports: 665..=1023,
        transport: None,
        who: "source port of Linux NFS and RPC clients: replies to them arrive here",
    },
    Unofficial {
        ports: 512..=1023,
        transport: None,
        who: "source port of programs that call bindresvport(3): replies to them arrive here",
    },
];

/// The unassigned TCP ports that nmap scans by default (its top 1000).
const NMAP_DEFAULT: [u16; 24] = [
    4, 6, 26, 30, 32, 81, 100, 301, 306, 340, 720, 722, 726, 783, 787, 808, 843, 880, 898, 981,
    987, 1002, 1007, 1009,
];

/// The known uses of a port.
pub fn uses(port: u16) -> impl Iterator<Item = &'static Unofficial> {
    USES.iter().filter(move |known| known.ports.contains(&port))
}

/// Whether nmap, without options, scans this unassigned TCP port.
pub fn in_default_nmap_scan(port: u16) -> bool {
    NMAP_DEFAULT.contains(&port)
}

const fn at(port: u16, transport: Option<Transport>, who: &'static str) -> Unofficial {
    Unofficial { ports: port..=port, transport, who }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn a_known_use_never_takes_a_port_out_of_the_watched_set() {
        let tcp = Registry::embedded().watched(Transport::Tcp);
        for known in USES.iter().filter(|known| known.ports.start() == known.ports.end()) {
            assert!(tcp.contains(*known.ports.start()), "{known:?}");
        }
    }

    #[test]
    fn the_ports_of_the_default_nmap_scan_are_unassigned() {
        let tcp = Registry::embedded().watched(Transport::Tcp);
        assert!(NMAP_DEFAULT.into_iter().all(|port| tcp.contains(port)));
        assert!(!in_default_nmap_scan(12));
    }

    #[test]
    fn clients_of_nfs_explain_port_700_but_not_600() {
        assert_eq!(uses(700).count(), 2);
        assert_eq!(uses(600).count(), 1);
        assert_eq!(uses(12).count(), 1);
        assert_eq!(uses(13).count(), 0);
    }
}
