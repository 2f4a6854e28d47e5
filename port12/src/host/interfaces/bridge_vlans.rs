//! VLANs of bridge ports, and of bridges themselves: which frames a bridge that filters VLANs takes in and receives.

use std::collections::{BTreeMap, HashMap};

use netlink_packet_core::{DecodeError, Emitable as _};
use netlink_packet_route::{AddressFamily, link::LinkHeader};
use netlink_sys::protocols::NETLINK_ROUTE;

use crate::host::{
    HostError,
    netlink::{Request, Scope, attributes, behind, number, push_attribute},
};

/// `RTEXT_FILTER_BRVLAN_COMPRESSED` (linux/rtnetlink.h): VLANs, consecutive ones as ranges.
const COMPRESSED_VLANS: u32 = 1 << 2;

/// The VLANs of each bridge port and of each bridge, by the index of its interface.
pub(super) type BridgeVlans = HashMap<u32, PortVlans>;

/// The VLANs of a bridge port, or of a bridge as its own port (`bridge vlan ... self`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct PortVlans {
    /// The VLAN of frames without a VID.
    pub(super) pvid: Option<u16>,
    /// Whether frames leave the bridge without the tag, by VID.
    pub(super) is_untagged: BTreeMap<u16, bool>,
}

/// The VLANs of all bridges of this network namespace.
///
/// # Errors
///
/// If the kernel refuses or garbles the list.
pub(super) fn read() -> Result<BridgeVlans, HostError> {
    let header = LinkHeader { interface_family: AddressFamily::Bridge, ..LinkHeader::default() };
    let mut payload = vec![0; header.buffer_len()];
    header.emit(&mut payload);
    push_attribute(&mut payload, libc::IFLA_EXT_MASK, &COMPRESSED_VLANS.to_ne_bytes());
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_GETLINK,
        scope: Scope::List,
        payload: &payload,
        what: "VLANs of bridges",
    };
    Ok(request.ask(port)?.into_iter().collect())
}

/// An interface and its VLANs; `None` if its driver describes an embedded switch.
fn port(message: &[u8]) -> Result<Option<(u32, PortVlans)>, DecodeError> {
    let header = LinkHeader::parse(message)?;
    let mut port = Some(PortVlans::default());
    for attribute in attributes(behind(message, header.buffer_len())?) {
        if let (libc::IFLA_AF_SPEC, value) = attribute? {
            port = vlans(value)?;
        }
    }
    Ok(port.map(|port| (header.index, port)))
}

/// `IFLA_BRIDGE_*` and `BRIDGE_VLAN_INFO_*` (linux/if_bridge.h).
fn vlans(specification: &[u8]) -> Result<Option<PortVlans>, DecodeError> {
    const FLAGS: u16 = 0;
    const VLAN_INFO: u16 = 2;
    const PVID: u16 = 1 << 1;
    const UNTAGGED: u16 = 1 << 2;
    const RANGE_BEGIN: u16 = 1 << 3;
    const RANGE_END: u16 = 1 << 4;
    let mut port = PortVlans::default();
    let mut first = None;
    for attribute in attributes(specification) {
        let value = match attribute? {
            (VLAN_INFO, value) => number(value)?.to_ne_bytes(),
            // Drivers alone send these.
            (FLAGS, _) => return Ok(None),
            _ => continue,
        };
        let [flags, vid] = [[value[0], value[1]], [value[2], value[3]]].map(u16::from_ne_bytes);
        if flags & RANGE_BEGIN != 0 {
            first = Some(vid);
            continue;
        }
        let first = first.take().filter(|_| flags & RANGE_END != 0).unwrap_or(vid);
        port.is_untagged.extend((first..=vid).map(|vid| (vid, flags & UNTAGGED != 0)));
        if flags & PVID != 0 {
            port.pvid = Some(vid);
        }
    }
    Ok(Some(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(index: u32, specification: &[(u16, [u16; 2])]) -> Vec<u8> {
        let header =
            LinkHeader { index, interface_family: AddressFamily::Bridge, ..LinkHeader::default() };
        let mut message = vec![0; header.buffer_len()];
        header.emit(&mut message);
        let mut value = Vec::new();
        for (kind, words) in specification {
            push_attribute(&mut value, *kind, &words.map(u16::to_ne_bytes).concat());
        }
        push_attribute(&mut message, libc::IFLA_AF_SPEC, &value);
        message
    }

    #[test]
    fn single_vlans_and_ranges_are_read_with_their_flags() {
        let message = message(7, &[(2, [6, 1]), (2, [8, 10]), (2, [16, 12]), (2, [4, 20])]);
        let (index, port) = port(&message).unwrap().unwrap();
        let vlans = [(1, true), (10, false), (11, false), (12, false), (20, true)];
        assert_eq!((index, port.pvid), (7, Some(1)));
        assert_eq!(port.is_untagged, BTreeMap::from(vlans));
    }

    #[test]
    fn a_port_without_vlans_has_none() {
        assert_eq!(port(&message(7, &[])).unwrap(), Some((7, PortVlans::default())));
    }

    #[test]
    fn the_embedded_switch_of_a_network_card_is_no_bridge() {
        assert_eq!(port(&message(7, &[(0, [2, 0]), (2, [6, 1])])).unwrap(), None);
    }

    #[test]
    fn a_truncated_vlan_is_an_error() {
        let mut message = message(7, &[]);
        let mut value = Vec::new();
        push_attribute(&mut value, 2, &[0, 0]);
        push_attribute(&mut message, libc::IFLA_AF_SPEC, &value);
        assert!(port(&message).is_err());
    }
}
