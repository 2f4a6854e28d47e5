//! Arrangements of a bridge above the cable of a host.

use std::fmt;

use anyhow::Result;

use super::{DOT1AD, DOT1Q, Tag};
use crate::{
    cable::{self, Message, Port},
    interface,
};

/// The tag of frames that every layout delivers, past the bridge.
pub const SENTINEL: Tag = (DOT1Q, 99);

/// An arrangement.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// A bridge that does not filter.
    Plain,
    /// VLANs 1 (untagged), 10, 20 and 30 on the port, 1 and 10 on the bridge itself.
    Filtering,
    /// As before, on a bridge that receives all frames.
    Promiscuous,
    /// Ranges of VLANs on port and bridge, and a VLAN whose frames the bridge itself receives without a tag.
    Ranges,
    /// Frames without a tag are the bridge's VLAN 5, with the tag.
    TaggedPvid,
    /// The port has no VLAN for frames without a tag.
    WithoutPvid,
    /// Frames without a tag are of a VLAN that the bridge itself is not in.
    ForeignPvid,
    /// A bridge of 802.1ad, which takes 802.1Q tags for payload.
    Dot1ad,
    /// The same with a tag of its own on frames of VLAN 5.
    Dot1adTaggedPvid,
    /// A bond between the cable and the bridge.
    AboveBond,
    /// A VLAN device between the cable and the bridge.
    AboveVlan,
}

impl fmt::Display for Layout {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the layout {self:?}")
    }
}

impl Layout {
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Filtering,
        Self::Promiscuous,
        Self::Ranges,
        Self::TaggedPvid,
        Self::WithoutPvid,
        Self::ForeignPvid,
        Self::Dot1ad,
        Self::Dot1adTaggedPvid,
        Self::AboveBond,
        Self::AboveVlan,
    ];

    /// Puts it above an interface of this network namespace: a bridge br0 and VLAN devices above it.
    pub fn make(self, cable: &str) -> Result<()> {
        let port = self.below(cable)?;
        Message::bridge("br0", self.protocol()).send()?;
        let bridge = cable::index("br0")?;
        Message::member(cable::index(&port)?, bridge).send()?;
        interface::bring_up("br0")?;
        self.set_vlans(Port::Member(cable::index(&port)?), Port::Itself(bridge))?;
        if let Self::Promiscuous = self {
            interface::set_flag("br0", libc::IFF_PROMISC, true)?;
        }
        for vid in [5, 10, 20, 150] {
            for kind in [DOT1Q, DOT1AD] {
                let device = cable::add_vlan("br0", kind, vid)?;
                cable::add_vlan(&device, DOT1Q, 7)?;
            }
        }
        let (kind, vid) = SENTINEL;
        cable::add_vlan(cable, kind, vid).map(drop)
    }

    /// The tags of frames that are delivered through the bridge.
    pub fn witness(self) -> &'static [Tag] {
        match self {
            Self::Ranges => &[(DOT1Q, 150)],
            Self::TaggedPvid => &[(DOT1Q, 5)],
            Self::Dot1adTaggedPvid => &[(DOT1AD, 5)],
            Self::AboveVlan => &[(DOT1Q, 30), (DOT1Q, 10)],
            Self::Plain
            | Self::Filtering
            | Self::Promiscuous
            | Self::WithoutPvid
            | Self::ForeignPvid
            | Self::Dot1ad
            | Self::AboveBond => &[(DOT1Q, 10)],
        }
    }

    /// VLANs beside those that a bridge has by default: VLAN 1 for frames without a tag, on the port and on itself.
    fn set_vlans(self, port: Port, own: Port) -> Result<()> {
        let messages = match self {
            Self::Plain => vec![],
            Self::Filtering | Self::Promiscuous | Self::AboveBond | Self::AboveVlan => vec![
                Message::tagged(port, 10, 10),
                Message::tagged(port, 20, 20),
                Message::tagged(port, 30, 30),
                Message::tagged(own, 10, 10),
            ],
            Self::Ranges => vec![
                Message::tagged(port, 2, 4000),
                Message::tagged(own, 100, 200),
                Message::untagged(own, 20),
            ],
            Self::TaggedPvid | Self::Dot1adTaggedPvid => {
                vec![Message::untagged(port, 5), Message::pvid(own, 5)]
            }
            Self::WithoutPvid => vec![
                Message::vlan_removal(port, 1),
                Message::tagged(port, 10, 10),
                Message::tagged(own, 10, 10),
            ],
            Self::ForeignPvid => vec![
                Message::untagged(port, 20),
                Message::tagged(port, 10, 10),
                Message::tagged(own, 10, 10),
            ],
            Self::Dot1ad => vec![Message::tagged(port, 10, 10), Message::tagged(own, 10, 10)],
        };
        messages.iter().try_for_each(Message::send)
    }

    /// The port of the bridge.
    fn below(self, cable: &str) -> Result<String> {
        match self {
            Self::AboveBond => {
                Message::bond("bond9").send()?;
                interface::set_flag(cable, libc::IFF_UP, false)?;
                Message::member(cable::index(cable)?, cable::index("bond9")?).send()?;
                interface::bring_up("bond9")?;
                Ok("bond9".to_owned())
            }
            Self::AboveVlan => cable::add_vlan(cable, DOT1Q, 30),
            Self::Plain
            | Self::Filtering
            | Self::Promiscuous
            | Self::Ranges
            | Self::TaggedPvid
            | Self::WithoutPvid
            | Self::ForeignPvid
            | Self::Dot1ad
            | Self::Dot1adTaggedPvid => Ok(cable.to_owned()),
        }
    }

    fn protocol(self) -> Option<u16> {
        match self {
            Self::Plain => None,
            Self::Dot1ad | Self::Dot1adTaggedPvid => Some(DOT1AD),
            Self::Filtering
            | Self::Promiscuous
            | Self::Ranges
            | Self::TaggedPvid
            | Self::WithoutPvid
            | Self::ForeignPvid
            | Self::AboveBond
            | Self::AboveVlan => Some(DOT1Q),
        }
    }
}
