//! Headers in the first bytes of a frame, beyond the fields of the kernel's record.

use std::net::{Ipv4Addr, Ipv6Addr};

use port12_common::{Header, Layer, Transport, Version, parse};

use super::Headers;
use crate::capture::CutFrame;

/// An Ethernet header without tags.
const ETHERNET: usize = 14;
/// A VLAN tag.
const TAG: usize = 4;

impl Headers {
    /// Reads the first `bytes` of a frame that had `length` of them.
    pub fn of(bytes: &[u8], length: usize, layer: Layer, transport: Transport) -> Self {
        let frame = CutFrame::of(bytes, length.max(bytes.len()));
        let Ok((version, network)) = parse::network(&frame, layer) else {
            return Self::default();
        };
        let byte = |at: usize| bytes.get(at).copied();
        let (destination, hop_limit, header) = match version {
            Version::V4 => (
                array(bytes, network + 16).map(|it: [u8; 4]| Ipv4Addr::from(it).into()),
                byte(network + 8),
                20,
            ),
            Version::V6 => (
                array(bytes, network + 24).map(|it: [u8; 16]| Ipv6Addr::from(it).into()),
                byte(network + 7),
                40,
            ),
        };
        let start = parse::packet(&frame, layer).ok().map(|packet| packet.transport);
        let flags = start.filter(|_| transport == Transport::Tcp).and_then(|at| byte(at + 13));
        Self {
            vlans: vlans(bytes, network, layer),
            destination,
            hop_limit,
            has_options: start.map(|at| at > network + header),
            tcp_flags: flags,
            payload: start.and_then(|at| payload(bytes, at, transport)),
        }
    }
}

fn vlans(bytes: &[u8], network: usize, layer: Layer) -> Vec<u16> {
    if layer != Layer::Ethernet {
        return Vec::new();
    }
    let tags = (ETHERNET..network).step_by(TAG);
    tags.filter_map(|at| array(bytes, at)).map(|tag| u16::from_be_bytes(tag) & 0xfff).collect()
}

fn payload(bytes: &[u8], at: usize, transport: Transport) -> Option<usize> {
    Some(match transport.info().header {
        Header::DataOffset => at + usize::from(bytes.get(at + 12)? >> 4) * 4,
        Header::Fixed(length) => at + usize::from(length),
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
