//! A way of frames from an interface to a device above it, and the tags that are removed and added on it.

use std::collections::BTreeSet;

use port12_common::parse::{MAX_VLAN_TAGS, Tags};

use crate::host::interfaces::{Link, Stack, VlanFilter, VlanTag, bridge_vlans::PortVlans};

/// Bits of as many tags as are read.
const BITS: u32 = Tags::BITS * MAX_VLAN_TAGS as u32;

/// A tag with a VID other than 0, as [`Tags::tag`] has it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Tag(u64);

impl Tag {
    /// The tag that a VLAN device removes; `None` for priority tags.
    pub(super) fn of(tag: VlanTag) -> Option<Self> {
        (tag.vid != 0).then(|| Self(Tags::tag(tag.vid, tag.is_dot1ad)))
    }

    fn vid(self) -> u16 {
        (self.0 & 0xfff) as u16
    }

    fn is_dot1ad(self) -> bool {
        self.0 >> 12 != 0
    }
}

/// A way of frames to a device. The tags of a frame that are not removed yet may be any.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Passage {
    at: u32,
    /// Tags that the frames had, 13 bits each, the outermost in the highest bits.
    removed: u64,
    /// Tags that bridges have put before the rest, the outermost in the lowest bits.
    added: u64,
    /// The kinds of tag, by [`Tag::is_dot1ad`], that the rest of the frames does not begin with: frames with such a tag go
    /// another way.
    is_excluded: [bool; 2],
}

impl Passage {
    /// The way to the interface that receives the frames.
    pub(super) fn from(index: u32) -> Self {
        Self { at: index, removed: 0, added: 0, is_excluded: [false; 2] }
    }

    /// The index of the device.
    pub(super) fn at(self) -> u32 {
        self.at
    }

    /// The tags of the frames that have no tag left at the device; `None` if they have one.
    pub(super) fn removed(self) -> Option<u64> {
        (self.added == 0).then_some(self.removed)
    }

    /// The ways on into a device above. `devices` are the tags that VLAN devices remove. `None` if the ways are unknown.
    pub(super) fn into_device(
        self,
        upper: &Link,
        stack: &Stack,
        devices: &BTreeSet<Tag>,
    ) -> Option<Vec<Self>> {
        let above = Self { at: upper.index, ..self };
        match (upper.vlan, upper.vlan_filter) {
            (Some(tag), _) => Some(above.without(tag).into_iter().collect()),
            (None, Some(VlanFilter::OpenVswitch)) => None,
            (None, Some(VlanFilter::Bridge { is_dot1ad })) => {
                let bridge = Bridge {
                    is_dot1ad,
                    port: stack.port_vlans(self.at)?,
                    own: stack.port_vlans(upper.index)?,
                    is_promiscuous: upper.is_promiscuous,
                };
                Some(above.through(&bridge, devices))
            }
            (None, None) => Some(vec![above]),
        }
    }

    /// Behind a VLAN device, if the frames have its tag.
    fn without(self, tag: VlanTag) -> Option<Self> {
        match Tag::of(tag) {
            None => (self.added == 0).then_some(self),
            Some(tag) if self.added != 0 => {
                (self.outermost_added() == Some(tag)).then(|| self.without_added())
            }
            Some(tag) if self.is_excluded[usize::from(tag.is_dot1ad())] => None,
            Some(tag) => {
                let removed = self.removed << Tags::BITS | tag.0;
                (removed >> BITS == 0).then_some(Self { removed, is_excluded: [false; 2], ..self })
            }
        }
    }

    /// Behind a bridge that filters VLANs: `br_allowed_ingress` of the port, then `br_pass_frame_up` (net/bridge).
    fn through(self, bridge: &Bridge<'_>, devices: &BTreeSet<Tag>) -> Vec<Self> {
        match self.outermost_added() {
            Some(tag) if tag.is_dot1ad() == bridge.is_dot1ad => {
                let is_taken = bridge.port.is_untagged.contains_key(&tag.vid());
                is_taken
                    .then(|| self.without_added().received(tag, bridge))
                    .flatten()
                    .into_iter()
                    .collect()
            }
            Some(_) => self.with_pvid(bridge).into_iter().collect(),
            None => self.with_own_tag(bridge, devices).chain(self.with_pvid(bridge)).collect(),
        }
    }

    /// The ways of frames whose outermost tag is one of the bridge's kind.
    fn with_own_tag<'a>(
        self,
        bridge: &'a Bridge<'_>,
        devices: &'a BTreeSet<Tag>,
    ) -> impl Iterator<Item = Self> + 'a {
        let vids = bridge.port.is_untagged.keys();
        vids.filter_map(move |&vid| {
            let tag = Tag(Tags::tag(vid, bridge.is_dot1ad));
            let removed = self.without(VlanTag { vid, is_dot1ad: bridge.is_dot1ad })?;
            let received = removed.received(tag, bridge)?;
            // Of a tag that stays and that no device removes, nothing is received.
            (received.added == 0 || devices.contains(&tag)).then_some(received)
        })
    }

    /// The way of frames without a tag of the bridge's kind: they get the port's VID.
    fn with_pvid(self, bridge: &Bridge<'_>) -> Option<Self> {
        let tag = Tag(Tags::tag(bridge.port.pvid?, bridge.is_dot1ad));
        let mut is_excluded = self.is_excluded;
        is_excluded[usize::from(bridge.is_dot1ad)] |= self.added == 0;
        Self { is_excluded, ..self }.received(tag, bridge)
    }

    /// At the bridge itself, of frames of one of its VLANs.
    fn received(self, tag: Tag, bridge: &Bridge<'_>) -> Option<Self> {
        match bridge.own.is_untagged.get(&tag.vid()) {
            Some(true) => Some(self),
            Some(false) => self.with_added(tag),
            None if bridge.is_promiscuous => self.with_added(tag),
            None => None,
        }
    }

    fn outermost_added(self) -> Option<Tag> {
        (self.added != 0).then_some(Tag(self.added & ((1 << Tags::BITS) - 1)))
    }

    fn without_added(self) -> Self {
        Self { added: self.added >> Tags::BITS, ..self }
    }

    fn with_added(self, tag: Tag) -> Option<Self> {
        let added = self.added << Tags::BITS | tag.0;
        (added >> BITS == 0).then_some(Self { added, ..self })
    }
}

/// A bridge that filters VLANs, for the frames of one of its ports.
struct Bridge<'a> {
    is_dot1ad: bool,
    port: &'a PortVlans,
    own: &'a PortVlans,
    is_promiscuous: bool,
}
