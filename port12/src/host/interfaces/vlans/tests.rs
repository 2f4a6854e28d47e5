use port12_common::parse::Tags;

use super::*;
use crate::host::interfaces::{
    Link, VlanFilter, VlanTag,
    bridge_vlans::{BridgeVlans, PortVlans},
};

const PORT: u32 = 1;
const BRIDGE: u32 = 2;
const FILTERING: Option<VlanFilter> = Some(VlanFilter::Bridge { is_dot1ad: false });

fn port() -> Link {
    Link { index: PORT, master: Some(BRIDGE), ..Link::default() }
}

fn bridge(vlan_filter: Option<VlanFilter>) -> Link {
    Link { index: BRIDGE, kind: Some("bridge".into()), vlan_filter, ..Link::default() }
}

/// A VLAN device above another device.
fn vlan(index: u32, lower: u32, vid: u16, is_dot1ad: bool) -> Link {
    let vlan = Some(VlanTag { vid, is_dot1ad });
    Link { index, lower: Some(lower), kind: Some("vlan".into()), vlan, ..Link::default() }
}

/// VIDs whose frames leave the bridge with the tag, and those whose frames leave it without; the first of these is the PVID.
fn vids(tagged: &[u16], untagged: &[u16]) -> PortVlans {
    let with = tagged.iter().map(|&vid| (vid, false));
    let without = untagged.iter().map(|&vid| (vid, true));
    PortVlans { pvid: untagged.first().copied(), is_untagged: with.chain(without).collect() }
}

/// The tags that are received above a port, by the VLANs of the port and of the bridge itself.
fn received(links: Vec<Link>, port: PortVlans, own: PortVlans) -> Option<BTreeSet<u64>> {
    let vlans = [(PORT, port), (BRIDGE, own)].into_iter().collect();
    vlans_above(links, Some(vlans))
}

fn vlans_above(links: Vec<Link>, vlans: Option<BridgeVlans>) -> Option<BTreeSet<u64>> {
    super::vlans(&Stack::of(links, vlans), PORT)
}

fn q(vid: u16) -> u64 {
    Tags::tag(vid, false)
}

fn ad(vid: u16) -> u64 {
    Tags::tag(vid, true)
}

fn stacked(outer: u64, inner: u64) -> u64 {
    outer << Tags::BITS | inner
}

fn only<const COUNT: usize>(tags: [u64; COUNT]) -> Option<BTreeSet<u64>> {
    Some(BTreeSet::from(tags))
}

#[test]
fn a_vlan_device_above_a_bridge_counts_if_the_bridge_itself_is_in_the_vlan() {
    let links =
        || vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 10, false), vlan(4, BRIDGE, 20, false)];
    let port = || vids(&[10, 20, 30], &[]);
    assert_eq!(received(links(), port(), vids(&[10, 30], &[])), only([q(10)]));
    assert_eq!(received(links(), port(), vids(&[], &[])), only([]));
}

#[test]
fn a_vlan_that_the_port_is_not_in_stays_outside() {
    let links = vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 10, false)];
    assert_eq!(received(links, vids(&[20], &[1]), vids(&[10], &[])), only([]));
}

#[test]
fn a_vlan_that_leaves_the_bridge_untagged_needs_no_device() {
    let links = vec![port(), bridge(FILTERING)];
    assert_eq!(received(links, vids(&[10, 20], &[1]), vids(&[20], &[10])), only([q(10)]));
    // Linux removes the outer tag, and looks for a device for the inner one.
    let links = vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 20, false)];
    let found = received(links, vids(&[10, 20], &[]), vids(&[], &[10]));
    assert_eq!(found, only([q(10), stacked(q(10), q(20))]));
}

#[test]
fn frames_without_a_tag_get_the_vid_of_the_port() {
    let links = || vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 5, false), vlan(4, 3, 7, false)];
    // The bridge takes the 802.1Q tag of a frame in place of the port's VID.
    assert_eq!(
        received(links(), vids(&[], &[5]), vids(&[5], &[])),
        only([0, q(5), stacked(q(5), q(7))])
    );
    let mut links = links();
    links[3].vlan = Some(VlanTag { vid: 7, is_dot1ad: true });
    let found = received(links, vids(&[], &[5]), vids(&[5], &[]));
    assert_eq!(found, only([0, q(5), ad(7), stacked(q(5), ad(7))]));
}

#[test]
fn a_bridge_of_another_kind_of_tag_takes_a_tagged_frame_for_an_untagged_one() {
    let filter = Some(VlanFilter::Bridge { is_dot1ad: true });
    let links =
        || vec![port(), bridge(filter), vlan(3, BRIDGE, 10, false), vlan(4, BRIDGE, 10, true)];
    let behind = |inner| stacked(ad(1), inner);
    let found = received(links(), vids(&[10], &[1]), vids(&[], &[1]));
    assert_eq!(found, only([0, q(10), ad(1), behind(q(10)), behind(ad(10))]));
    assert_eq!(received(links(), vids(&[10], &[1]), vids(&[10], &[])), only([ad(10)]));
    assert_eq!(received(links(), vids(&[10], &[]), vids(&[], &[1])), only([]));
}

#[test]
fn frames_without_a_tag_are_received_if_the_bridge_itself_is_in_their_vlan() {
    let links = || vec![port(), bridge(FILTERING)];
    assert_eq!(received(links(), vids(&[], &[5]), vids(&[], &[5])), only([0, q(5)]));
    assert_eq!(received(links(), vids(&[], &[5]), vids(&[], &[1])), only([]));
    assert_eq!(received(links(), vids(&[5], &[]), vids(&[], &[5])), only([q(5)]));
}

#[test]
fn an_interface_without_a_bridge_receives_frames_without_a_tag_in_a_vrf_too() {
    let vrf = Link { index: BRIDGE, kind: Some("vrf".into()), ..Link::default() };
    let alone = Link { master: None, ..port() };
    for links in [vec![alone], vec![port(), vrf]] {
        assert_eq!(vlans_above(links, None), only([0]));
    }
}

#[test]
fn stacked_tags_are_followed_through_the_bridge() {
    let links = vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 10, false), vlan(4, 3, 7, false)];
    let found = received(links, vids(&[10, 20], &[1]), vids(&[10], &[20]));
    assert_eq!(
        found,
        only([
            q(10),
            stacked(q(10), q(7)),
            q(20),
            stacked(q(20), q(10)),
            (stacked(q(20), q(10)) << 13) | q(7)
        ])
    );
}

#[test]
fn a_bridge_that_receives_everything_passes_other_vlans_on_with_their_tags() {
    let promiscuous = Link { is_promiscuous: true, ..bridge(FILTERING) };
    let links = vec![port(), promiscuous, vlan(3, BRIDGE, 20, false)];
    assert_eq!(received(links, vids(&[20, 30], &[]), vids(&[], &[])), only([q(20)]));
}

#[test]
fn a_bridge_above_a_bond_asks_for_the_vlans_of_the_bond() {
    let member = Link { index: 7, master: Some(PORT), ..Link::default() };
    let bond = Link { kind: Some("bond".into()), ..port() };
    let links = vec![member, bond, bridge(FILTERING), vlan(3, BRIDGE, 10, false)];
    let vlans = [(PORT, vids(&[10], &[])), (BRIDGE, vids(&[10], &[]))].into_iter().collect();
    assert_eq!(super::vlans(&Stack::of(links, Some(vlans)), 7), only([q(10)]));
}

#[test]
fn a_bridge_that_does_not_filter_passes_every_tag_on() {
    let links = vec![port(), bridge(None), vlan(3, BRIDGE, 10, false)];
    assert_eq!(vlans_above(links, Some(BridgeVlans::new())), only([0, q(10)]));
}

#[test]
fn unread_vlans_and_open_vswitch_are_unknown() {
    let links = || vec![port(), bridge(FILTERING), vlan(3, BRIDGE, 10, false)];
    assert_eq!(vlans_above(links(), None), None);
    let one = |index| Some([(index, vids(&[10], &[]))].into_iter().collect());
    assert_eq!([vlans_above(links(), one(PORT)), vlans_above(links(), one(BRIDGE))], [None, None]);
    let switch = bridge(Some(VlanFilter::OpenVswitch));
    assert_eq!(received(vec![port(), switch], vids(&[10], &[]), vids(&[10], &[])), None);
}

#[test]
fn a_vlan_device_on_the_port_itself_counts_beside_the_bridge() {
    let links = vec![port(), bridge(FILTERING), vlan(3, PORT, 30, false)];
    assert_eq!(received(links, vids(&[10], &[1]), vids(&[10], &[])), only([q(30)]));
}
