//! VLANs of bridges: port12's answer against the kernel's own, and drop mode below a bridge.

mod layout;

use std::{
    collections::BTreeSet,
    net::{TcpListener, UdpSocket},
    os::fd::AsRawFd as _,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use etherparse::PacketBuilder;
use port12::{
    host::interfaces::{self, Stack},
    kernel::attach::Wanted,
};
use port12_common::parse::Tags;

use self::layout::{Layout, SENTINEL};
use super::dropping::{Dropping, ENFORCED, connect};
use crate::{
    cable::{self, Message, Port},
    dressing::{End, Site},
    frames, interface,
};

const DOT1Q: u16 = 0x8100;
const DOT1AD: u16 = 0x88a8;

/// VIDs of the frames that are sent: those of the layouts, and others.
const VIDS: [u16; 8] = [1, 5, 7, 10, 20, 30, 150, 4094];

/// The port of the socket that shows which frames are received, and the source port of the sentinel; that of each other
/// frame is higher.
const PORT: u16 = 9012;
const FIRST: u16 = 20_000;

/// Frames that are sent before the socket is read: fewer than fit into its buffer.
const BATCH: usize = 64;

/// A tag: its TPID and its VID.
type Tag = (u16, u16);

/// Without a VID, and for one tag and for two, of each kind and of several VIDs: port12 counts those as the host's own that
/// this kernel delivers to a socket.
pub fn agree_with_the_kernel() -> Result<String> {
    let stacks = stacks();
    let mut delivered = 0;
    for layout in Layout::ALL {
        let site = cable::site(1500)?;
        delivered += compare(layout, &site, &stacks).with_context(|| layout.to_string())?;
    }
    Ok(format!(
        "{} layouts, {delivered} of {} frames delivered",
        Layout::ALL.len(),
        Layout::ALL.len() * stacks.len()
    ))
}

fn stacks() -> Vec<Vec<Tag>> {
    let tags = || [DOT1Q, DOT1AD].into_iter().flat_map(|kind| VIDS.map(|vid| (kind, vid)));
    let pairs = tags().flat_map(|outer| tags().map(move |inner| vec![outer, inner]));
    let without_vid = [vec![], vec![(DOT1Q, 0)], vec![(DOT1AD, 0)]];
    without_vid.into_iter().chain(tags().map(|tag| vec![tag])).chain(pairs).collect()
}

/// Returns how many of the frames were delivered.
fn compare(layout: Layout, site: &Site, stacks: &[Vec<Tag>]) -> Result<usize> {
    let near = &site.near;
    let own = near.enter(|| -> Result<_> {
        layout.make(&near.interface)?;
        let stack = Stack::read()?;
        let index = cable::index(&near.interface)?;
        interfaces::vlans(&stack, index).context("port12 does not know the VLANs")
    })?;
    let socket = near.enter(|| UdpSocket::bind(("0.0.0.0", PORT)))?;
    wait_for_the_bridge(layout, site, &socket)?;
    let mut delivered = BTreeSet::new();
    for (batch, stacks) in stacks.chunks(BATCH).enumerate() {
        for (at, tags) in stacks.iter().enumerate() {
            send(site, tags, FIRST + 1 + (batch * BATCH + at) as u16)?;
        }
        send(site, &[SENTINEL], FIRST)?;
        delivered.extend(until_the_sentinel(&socket)?);
    }
    for (at, tags) in stacks.iter().enumerate() {
        let is_own = own.contains(&encoded(tags));
        let is_delivered = delivered.contains(&(FIRST + 1 + at as u16));
        ensure!(
            is_own == is_delivered,
            "frames with the tags {tags:x?}: port12 says {is_own}, the kernel {is_delivered}"
        );
    }
    Ok(delivered.len())
}

fn encoded(tags: &[Tag]) -> u64 {
    let vlans = tags.iter().filter(|(_, vid)| *vid != 0);
    vlans.fold(0, |all, &(kind, vid)| all << Tags::BITS | Tags::tag(vid, kind == DOT1AD))
}

/// A port forwards a while after the kernel has noticed that its link is up.
fn wait_for_the_bridge(layout: Layout, site: &Site, socket: &UdpSocket) -> Result<()> {
    loop {
        send(site, layout.witness(), FIRST + 1)?;
        send(site, &[SENTINEL], FIRST)?;
        if !until_the_sentinel(socket)?.is_empty() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn until_the_sentinel(socket: &UdpSocket) -> Result<BTreeSet<u16>> {
    let mut sources = BTreeSet::new();
    loop {
        let (_, from) = socket.recv_from(&mut [0; 4])?;
        if from.port() == FIRST {
            return Ok(sources);
        }
        sources.insert(from.port());
    }
}

/// Sends a datagram to the near host, with tags in its frame.
fn send(site: &Site, tags: &[Tag], source: u16) -> Result<()> {
    let Site { near, far, .. } = site;
    let packet = PacketBuilder::ethernet2(far.mac, near.mac)
        .ipv4(far.v4.octets(), near.v4.octets(), 64)
        .udp(source, PORT);
    let mut frame = Vec::new();
    packet.write(&mut frame, &[0; 4])?;
    for (kind, vid) in tags.iter().rev() {
        frame.splice(12..12, [kind.to_be_bytes(), vid.to_be_bytes()].concat());
    }
    far.enter(|| interface::send_by(cable::index(&far.interface)?, &frame))
}

/// The VLAN of the host and that of another host on the same bridge.
const OWN: u16 = 10;
const FOREIGN: u16 = 20;

const CONNECTIONS: u64 = 3;

/// Below a bridge, connections to another host with this host's address are answered in drop mode, and SYNs for the
/// bridge's own VLAN are dropped, until the bridge leaves the VLAN.
pub fn are_told_apart(wanted: Wanted) -> Result<String> {
    let site = cable::site(1500)?;
    let (near, far) = (&site.near, &site.far);
    let tenant = End {
        namespace: cable::namespace()?,
        interface: "t0".to_owned(),
        v4: near.v4,
        v6: near.v6,
        mac: [2, 0, 0, 0x12, 0, 3],
    };
    near.enter(|| bridge(near, &tenant))?;
    tenant.enter(|| give(&tenant.interface, &tenant))?;
    far.enter(|| -> Result<()> {
        interface::turn_off_tag_offload(&far.interface)?;
        let name = cable::add_vlan(&far.interface, DOT1Q, FOREIGN)?;
        give(&name, far)
    })?;
    near.enter(|| watch(&site, &tenant, wanted))
}

/// The near host's bridge: itself in one VLAN, and a port of the tenant in another one, for which the near host has a
/// device in vain.
fn bridge(near: &End, tenant: &End) -> Result<()> {
    Layout::Filtering.make(&near.interface)?;
    let peer = (tenant.interface.as_str(), tenant.mac, tenant.namespace.as_raw_fd());
    Message::veth(("p0", [2, 0, 0, 0x12, 0, 4]), peer, 1500).send()?;
    let (port, bridge) = (cable::index("p0")?, cable::index("br0")?);
    Message::member(port, bridge).send()?;
    interface::bring_up("p0")?;
    Message::vlan_removal(Port::Member(port), 1).send()?;
    Message::untagged(Port::Member(port), FOREIGN).send()
}

fn watch(site: &Site, tenant: &End, wanted: Wanted) -> Result<String> {
    let Site { near, far, .. } = site;
    let dropping = Dropping::start(&near.interface, wanted)?;
    reach(&dropping, far, tenant)?;

    let send = |tags: &[u16]| {
        let frame = frames::syn_to(near.v4, ENFORCED, tags);
        far.enter(|| interface::send_by(cable::index(&far.interface)?, &frame))
    };
    for tags in [&[OWN][..], &[0, OWN], &[1], &[0], &[]] {
        dropping.expect_dropped(tags, send)?;
    }
    for tags in [&[FOREIGN][..], &[0, FOREIGN], &[30], &[OWN, FOREIGN], &[FOREIGN, OWN]] {
        dropping.expect_transit(tags, send)?;
    }
    let port = Port::Member(cable::index(&near.interface)?);
    let own = Port::Itself(cable::index("br0")?);
    dropping.keep(|dropping| {
        Message::vlan_removal(own, OWN).send()?;
        dropping.until(false, || send(&[OWN]))?;
        Message::tagged(own, OWN, OWN).send()?;
        dropping.until(true, || send(&[OWN]))?;
        Message::untagged(port, FOREIGN).send()?;
        dropping.until(false, || send(&[]))
    })?;
    for tags in [&[][..], &[0], &[FOREIGN]] {
        dropping.expect_transit(tags, send)?;
    }
    dropping.expect_dropped(&[OWN], send)?;
    far.enter(|| -> Result<()> {
        Message::removal(cable::index(&format!("{}.{FOREIGN}", far.interface))?).send()?;
        give(&far.interface, far)
    })?;
    reach(&dropping, far, tenant)?;
    Ok(format!("{CONNECTIONS} of {CONNECTIONS} connections answered with a tag, and without"))
}

/// Connects to the tenant, whose frames must be another host's.
fn reach(dropping: &Dropping, far: &End, tenant: &End) -> Result<()> {
    let before = (dropping.dropped(), dropping.transit());
    let _listener = tenant.enter(|| TcpListener::bind((tenant.v4, ENFORCED)))?;
    for _ in 0..CONNECTIONS {
        connect(far, tenant.v4)?;
    }
    let now = (dropping.dropped(), dropping.transit());
    let is_right = now.0 == before.0 && now.1 >= before.1 + CONNECTIONS;
    ensure!(is_right, "dropped and transit were {before:?}, and are {now:?}");
    Ok(())
}

fn give(interface: &str, end: &End) -> Result<()> {
    interface::bring_up("lo")?;
    interface::bring_up(interface)?;
    Message::address(cable::index(interface)?, end.v4.into(), 24).send()
}
