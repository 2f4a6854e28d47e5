//! VLAN stripping: the outermost tag of a received frame is removed before an XDP program reads the frame.
//!
//! The kernel keeps a removed tag beside the packet (`skb->vlan_tci`). Native and generic XDP see neither that field nor
//! a difference to an untagged frame. Generic XDP runs before the kernel itself removes tags (`skb_vlan_untag` in
//! `__netif_receive_skb_core`, measured on kernel 6.18), but a device above another one receives its packets behind that.

use super::{Link, features};
use crate::model::{Offload, VlanStripping, XdpMode};

/// Receive features, as the kernel and as `ethtool -K` names them, for tags of 802.1Q and 802.1ad.
const RECEIVE: [(&str, &str); 2] =
    [("rx-vlan-hw-parse", "rx-vlan-offload"), ("rx-vlan-stag-hw-parse", "rx-vlan-stag-hw-parse")];

/// The features of a sender that leave a tag beside the packet.
const TRANSMIT: [(&str, &str); 2] = [
    ("tx-vlan-hw-insert", "tx-vlan-offload"),
    ("tx-vlan-stag-hw-insert", "tx-vlan-stag-hw-insert"),
];

/// Kinds whose packets come through the receive handler of an interface below, behind its `skb_vlan_untag`. None of
/// them has native XDP.
const BEHIND_UNTAGGING: [&str; 6] =
    ["bridge", "macvlan", "macvtap", "ipvlan", "ipvtap", "openvswitch"];

/// The reason for which an XDP program on an interface does not see the outermost VLAN tag; `None` if it sees each tag. Members of a
/// bond and the other end of a veth pair are looked for among `links`.
pub fn vlan_stripping(link: &Link, mode: XdpMode, links: &[Link]) -> Option<VlanStripping> {
    let kind = link.kind.as_deref().unwrap_or_default();
    let is_native = mode != XdpMode::Generic;
    match kind {
        // Native XDP of a bond (kernel 5.15) runs in the drivers of its members.
        "bond" if is_native => of_members(link, links),
        "bond" | "team" => Some(VlanStripping::Kind(kind.to_owned())),
        "veth" => of_peer(link, links),
        _ if BEHIND_UNTAGGING.contains(&kind) => Some(VlanStripping::Kind(kind.to_owned())),
        _ => of_features(link, RECEIVE),
    }
}

fn of_members(bond: &Link, links: &[Link]) -> Option<VlanStripping> {
    let members = links.iter().filter(|it| it.master == Some(bond.index));
    members.filter_map(|it| vlan_stripping(it, XdpMode::Native, links)).reduce(VlanStripping::and)
}

/// A veth passes packets on as they were sent: its receive features change nothing.
fn of_peer(link: &Link, links: &[Link]) -> Option<VlanStripping> {
    match link.lower.and_then(|peer| links.iter().find(|it| it.index == peer)) {
        Some(peer) => of_features(peer, TRANSMIT),
        None => Some(VlanStripping::Peer),
    }
}

fn of_features(link: &Link, names: [(&str, &str); 2]) -> Option<VlanStripping> {
    let Some(active) = features::active(link) else {
        return Some(VlanStripping::Unread(link.name.clone()));
    };
    let offloads = active.into_iter().filter_map(|feature| {
        let (_, name) = names.into_iter().find(|(kernel, _)| *kernel == feature.name)?;
        let is_changeable = feature.is_changeable;
        let (interface, name) = (link.name.clone(), name.to_owned());
        Some(Offload { interface, name, is_changeable })
    });
    let offloads: Vec<_> = offloads.collect();
    (!offloads.is_empty()).then_some(VlanStripping::Offloads(offloads))
}
