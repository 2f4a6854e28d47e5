//! Header bytes that decide which socket, or which host, receives a packet.

use port12_common::Version;

/// A header that a rule writes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Header {
    /// Link layer, with its length in bytes, tags included.
    Link {
        /// Bytes before the IP header.
        length: usize,
    },
    /// IP; `None` when the rule does not name the version.
    Ip(Option<Version>),
    /// TCP, UDP, UDP-Lite, SCTP or DCCP: all begin with the ports.
    Transport,
}

/// Whether a write changes addresses, ports or the transport protocol. `changed` has the bits of each byte
/// from the offset on that the write may change.
pub(super) fn redirects(header: Header, offset: usize, changed: &[u8]) -> bool {
    let mut bytes = (offset..).zip(changed).filter(|(_, bits)| **bits != 0).map(|(at, _)| at);
    match header {
        Header::Link { length } => bytes.any(|at| at >= length),
        Header::Ip(Some(version)) => bytes.any(|at| is_ip_route(version, at)),
        Header::Ip(None) => {
            bytes.any(|at| is_ip_route(Version::V4, at) || is_ip_route(Version::V6, at))
        }
        Header::Transport => bytes.any(|at| at < 4),
    }
}

/// The protocol and the addresses (RFC 791 section 3.1, RFC 8200 section 3), and all behind them, which may be the
/// ports.
const fn is_ip_route(version: Version, at: usize) -> bool {
    match version {
        Version::V4 => at == 9 || at >= 12,
        Version::V6 => at == 6 || at >= 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Header = Header::Ip(Some(Version::V4));
    const V6: Header = Header::Ip(Some(Version::V6));

    #[test]
    fn addresses_ports_and_the_protocol_count() {
        for (header, offset, length) in [
            (V4, 12, 4),
            (V4, 16, 4),
            (V4, 9, 1),
            (V4, 22, 2),
            (V6, 8, 16),
            (V6, 24, 16),
            (V6, 6, 1),
            (Header::Transport, 0, 2),
            (Header::Transport, 2, 2),
            (Header::Ip(None), 8, 2),
            (Header::Link { length: 14 }, 30, 4),
        ] {
            assert!(redirects(header, offset, &vec![255; length]), "{header:?} {offset}");
        }
    }

    #[test]
    fn marks_of_service_hop_limits_sequence_numbers_and_mac_addresses_do_not() {
        for (header, offset, length) in [
            (V4, 0, 2),
            (V4, 4, 5),
            (V4, 10, 2),
            (V6, 0, 4),
            (V6, 7, 1),
            (Header::Ip(None), 0, 2),
            (Header::Transport, 4, 16),
            (Header::Link { length: 14 }, 0, 14),
        ] {
            assert!(!redirects(header, offset, &vec![255; length]), "{header:?} {offset}");
        }
    }

    #[test]
    fn a_byte_that_is_written_as_it_was_does_not() {
        // The hop limit of IPv4, with the protocol beside it kept.
        assert!(!redirects(V4, 8, &[255, 0]));
        assert!(redirects(V4, 8, &[0, 255]));
    }
}
