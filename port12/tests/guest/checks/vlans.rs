//! VLAN devices of the watched network namespace, and of another one with the same address.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    os::fd::AsRawFd as _,
};

use anyhow::{Context as _, Result, ensure};
use port12::{
    host::interfaces::{self, Stack},
    kernel::attach::Wanted,
};
use port12_common::parse::Tags;

use super::dropping::{Dropping, ENFORCED, connect};
use crate::{
    cable::{self, Message},
    dressing::{End, Site},
    frames,
    interface::{self, Device, set_master},
};

const DOT1Q: u16 = 0x8100;

/// The VLAN of another network namespace.
const FOREIGN: u16 = 20;
/// The VLAN that the watched host has a device for, and the one in it that it gets a device for.
const OWN: u16 = 30;
const LATER: u16 = 31;

const CONNECTIONS: u64 = 3;

/// A VLAN device in another network namespace with the host's own address is answered in drop mode, frames for the host's own
/// VLAN are dropped, and a device that is added later is known.
pub fn are_told_apart(wanted: Wanted) -> Result<String> {
    let site = cable::site(1500)?;
    let (near, far) = (&site.near, &site.far);
    near.enter(|| cable::add_vlan(&near.interface, DOT1Q, OWN))?;
    let tenant = End {
        namespace: cable::namespace()?,
        interface: format!("t{FOREIGN}"),
        v4: near.v4,
        v6: near.v6,
        mac: near.mac,
    };
    near.enter(|| {
        let (below, namespace) = (cable::index(&near.interface)?, tenant.namespace.as_raw_fd());
        Message::vlan_elsewhere(&tenant.interface, below, FOREIGN, namespace).send()
    })?;
    tenant.enter(|| give(&tenant.interface, tenant.v4))?;
    far.enter(|| -> Result<()> {
        interface::turn_off_tag_offload(&far.interface)?;
        let name = cable::add_vlan(&far.interface, DOT1Q, FOREIGN)?;
        give(&name, far.v4)
    })?;
    near.enter(|| watch(&site, &tenant, wanted))
}

fn watch(site: &Site, tenant: &End, wanted: Wanted) -> Result<String> {
    let dropping = Dropping::start(&site.near.interface, wanted)?;
    let send = |tags: &[u16]| {
        let frame = frames::syn_to(site.near.v4, ENFORCED, tags);
        site.far.enter(|| interface::send_by(cable::index(&site.far.interface)?, &frame))
    };

    let listener = tenant.enter(|| TcpListener::bind((tenant.v4, ENFORCED)))?;
    for _ in 0..CONNECTIONS {
        connect(&site.far, tenant.v4)?;
    }
    drop(listener);
    ensure!(dropping.dropped() == 0, "{} SYNs of another network are dropped", dropping.dropped());
    let transit = dropping.transit();
    ensure!(transit >= CONNECTIONS, "{transit} frames are transit");

    for tags in [&[OWN][..], &[0, OWN], &[]] {
        dropping.expect_dropped(tags, send)?;
    }
    for tags in [&[FOREIGN][..], &[OWN, LATER], &[LATER], &[0, LATER], &[LATER, OWN]] {
        dropping.expect_transit(tags, send)?;
    }
    dropping.keep(|dropping| {
        let below = format!("{}.{OWN}", site.near.interface);
        let later = cable::add_vlan(&below, DOT1Q, LATER)?;
        dropping.until(true, || send(&[OWN, LATER]))?;
        Message::removal(cable::index(&later)?).send()?;
        dropping.until(false, || send(&[OWN, LATER]))
    })?;
    Ok(format!("{CONNECTIONS} of {CONNECTIONS} connections answered"))
}

/// A VLAN above a bond is known on its member, whose frames have the tag.
pub fn above_a_bond_are_known() -> Result<String> {
    let _pair = Device::veth("v0", "v1")?;
    let _bond = Device::bond("bond9")?;
    set_master("v0", "bond9")?;
    let _vlan = Device::vlan("bond9.10", "bond9", 10)?;
    let _inner = Device::vlan("bond9.10.7", "bond9.10", 7)?;
    let stack = Stack::read()?;
    let found = interfaces::vlans(&stack, interface::index("v0")?).context("unknown")?;
    let outer = Tags::tag(10, false);
    let inner = outer << Tags::BITS | Tags::tag(7, false);
    ensure!(found == BTreeSet::from([0, outer, inner]), "{found:x?}");
    Ok(format!("{} VLANs", found.len() - 1))
}

fn give(interface: &str, address: Ipv4Addr) -> Result<()> {
    interface::bring_up("lo")?;
    interface::bring_up(interface)?;
    Message::address(cable::index(interface)?, address.into(), 24).send()
}
