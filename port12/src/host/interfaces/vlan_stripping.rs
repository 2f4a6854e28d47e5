//! VLAN stripping: the outermost tag of a received frame is removed before an XDP program reads the frame.
//!
//! The kernel keeps a removed tag beside the packet (`skb->vlan_tci`). Native and generic XDP see neither that field nor
//! a difference to an untagged frame. Generic XDP runs before the kernel itself removes tags (`skb_vlan_untag` in
//! `__netif_receive_skb_core`, measured on kernel 6.18), but a device above another one receives its packets behind that.

use std::fmt;

use super::{Link, XdpMode, all, by_index, features};

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

/// A reason for which the outermost VLAN tag of received frames is, or may be, invisible to an XDP program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VlanStripping {
    /// Offloads are on that do it: of a driver, or of the sender on the other end of a veth pair.
    Offloads(Vec<Offload>),
    /// The kernel does it for every device of this kind.
    Kind(String),
    /// The sending offloads of the other end of a veth pair, in another network namespace, are unknown.
    Peer,
    /// The features of an interface cannot be read.
    Unread(String),
}

/// An offload that is on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offload {
    /// The interface that has it.
    pub interface: String,
    /// The name that `ethtool -K` takes.
    pub name: &'static str,
    /// Whether `ethtool -K` can turn it off.
    pub is_changeable: bool,
}

/// The reason for which an XDP program on an interface does not see the outermost VLAN tag; `None` if it sees each tag.
pub fn vlan_stripping(link: &Link, mode: XdpMode) -> Option<VlanStripping> {
    let kind = link.kind.as_deref().unwrap_or_default();
    let is_native = mode != XdpMode::Generic;
    match kind {
        // Native XDP of a bond (kernel 5.15) runs in the drivers of its members.
        "bond" if is_native => of_members(link),
        "bond" | "team" => Some(VlanStripping::Kind(kind.to_owned())),
        "veth" => of_peer(link),
        _ if BEHIND_UNTAGGING.contains(&kind) => Some(VlanStripping::Kind(kind.to_owned())),
        _ => of_features(link, RECEIVE),
    }
}

fn of_members(bond: &Link) -> Option<VlanStripping> {
    let Ok(links) = all() else {
        return Some(VlanStripping::Unread(bond.name.clone()));
    };
    let members = links.iter().filter(|it| it.master == Some(bond.index));
    members.filter_map(|it| vlan_stripping(it, XdpMode::Native)).reduce(VlanStripping::and)
}

/// A veth passes packets on as they were sent: its receive features change nothing.
fn of_peer(link: &Link) -> Option<VlanStripping> {
    match link.lower.and_then(|peer| by_index(peer).ok()) {
        Some(peer) => of_features(&peer, TRANSMIT),
        None => Some(VlanStripping::Peer),
    }
}

fn of_features(link: &Link, names: [(&str, &'static str); 2]) -> Option<VlanStripping> {
    let Some(active) = features::active(link) else {
        return Some(VlanStripping::Unread(link.name.clone()));
    };
    let offloads = active.into_iter().filter_map(|feature| {
        let (_, name) = names.into_iter().find(|(kernel, _)| *kernel == feature.name)?;
        let is_changeable = feature.is_changeable;
        Some(Offload { interface: link.name.clone(), name, is_changeable })
    });
    let offloads: Vec<_> = offloads.collect();
    (!offloads.is_empty()).then_some(VlanStripping::Offloads(offloads))
}

impl VlanStripping {
    /// The reasons of two members of a bond as one: a certain one goes before a possible one.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Offloads(offloads), Self::Offloads(others)) => {
                Self::Offloads([offloads, others].concat())
            }
            (certain @ (Self::Offloads(_) | Self::Kind(_)), _) => certain,
            (Self::Peer | Self::Unread(_), other @ (Self::Offloads(_) | Self::Kind(_))) => other,
            (possible @ (Self::Peer | Self::Unread(_)), Self::Peer | Self::Unread(_)) => possible,
        }
    }

    /// Whether tags are removed for sure, if there are any.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Offloads(_) | Self::Kind(_) => true,
            Self::Peer | Self::Unread(_) => false,
        }
    }

    /// The command that keeps tags in their frames, if there is one.
    pub fn remedy(&self) -> Option<String> {
        let Self::Offloads(offloads) = self else { return None };
        if !offloads.iter().all(|it| it.is_changeable) {
            return None;
        }
        let commands = offloads.chunk_by(|one, next| one.interface == next.interface);
        let commands = commands.filter_map(|offloads| {
            let names: Vec<_> = offloads.iter().map(|it| format!("{} off", it.name)).collect();
            let interface = &offloads.first()?.interface;
            Some(format!("`ethtool -K {interface} {}`", names.join(" ")))
        });
        Some(commands.collect::<Vec<_>>().join(" and "))
    }
}

impl fmt::Display for VlanStripping {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offloads(offloads) => {
                let names: Vec<_> =
                    offloads.iter().map(|it| format!("{} of {}", it.name, it.interface)).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                write!(out, "{} {verb} on", names.join(" and "))
            }
            Self::Kind(kind) => {
                write!(out, "the kernel removes VLAN tags before a {kind} receives a frame")
            }
            Self::Peer => out.write_str(
                "it is a veth, whose other end is in another network namespace and has \
                 tx-vlan-offload on unless `ethtool -K` has turned it off there",
            ),
            Self::Unread(interface) => {
                write!(out, "the features of {interface} cannot be read (`ethtool -k`)")
            }
        }
    }
}
