//! VLAN devices of the watched network namespace, and of another one with the same address.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use port12::{
    host::interfaces::{self, Stack},
    kernel::attach::Wanted,
    listeners::Scope,
    policy::Mode,
    snapshot::Snapshot,
    watch::{Keeper, Lookout, Orders, Setup, Watched},
};
use port12_common::{Outcome, Transport, parse::Tags};

use crate::{
    cable::{self, Message},
    dressing::{End, Site},
    frames,
    interface::{self, Device, set_master},
};

const DOT1Q: u16 = 0x8100;

/// The port that [`frames::policy`] enforces.
const ENFORCED: u16 = 81;

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
    near.enter(|| add(near, &near.interface, OWN))?;
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
        let name = add(far, &far.interface, FOREIGN)?;
        give(&name, far.v4)
    })?;
    near.enter(|| watch(&site, &tenant, wanted))
}

fn watch(site: &Site, tenant: &End, wanted: Wanted) -> Result<String> {
    let host = interfaces::by_name(&site.near.interface)?;
    let policy = Box::new(frames::policy());
    let scope = Scope::of(&policy, &BTreeSet::new());
    let orders = Orders {
        policy,
        mode: Mode::Drop,
        confirm: None,
        allow: BTreeSet::new(),
        ban: None,
        expected: BTreeSet::new(),
    };
    let setup = Setup { orders: &orders, wanted, trace: false, pins: None, stay: false };
    let watched = Watched::start(&host, &setup).map_err(|it| anyhow!(it))?;
    let dropped = || {
        Snapshot::read(watched.instance().counters()).port(Transport::Tcp, ENFORCED).dropped.packets
    };
    let transit =
        || Snapshot::read(watched.instance().counters()).outcome(Outcome::Transit).packets;
    let send = |tags: &[u16]| {
        let frame = frames::syn_to(site.near.v4, ENFORCED, tags);
        site.far.enter(|| interface::send_by(cable::index(&site.far.interface)?, &frame))
    };

    let listener = tenant.enter(|| TcpListener::bind((tenant.v4, ENFORCED)))?;
    for _ in 0..CONNECTIONS {
        let address = (tenant.v4, ENFORCED).into();
        site.far
            .enter(|| TcpStream::connect_timeout(&address, Duration::from_secs(60)))
            .context("the other namespace does not answer")?;
    }
    drop(listener);
    ensure!(dropped() == 0, "{} SYNs of another network are dropped", dropped());
    ensure!(transit() >= CONNECTIONS, "{} frames are transit", transit());

    for tags in [&[OWN][..], &[0, OWN], &[]] {
        let before = dropped();
        send(tags)?;
        ensure!(dropped() == before + 1, "a SYN with the tags {tags:?} is not dropped");
    }
    for tags in [&[FOREIGN][..], &[OWN, LATER], &[LATER], &[0, LATER], &[LATER, OWN]] {
        let before = (dropped(), transit());
        send(tags)?;
        let now = (dropped(), transit());
        ensure!(
            now == (before.0, before.1 + 1),
            "a SYN with the tags {tags:?}: {before:?}, {now:?}"
        );
    }

    let lookout = Lookout::start(scope)?;
    let all = [watched];
    let _keeper = Keeper::start(&all, false, lookout.eye())?;
    let [watched] = &all;
    let dropped = || {
        Snapshot::read(watched.instance().counters()).port(Transport::Tcp, ENFORCED).dropped.packets
    };
    let below = format!("{}.{OWN}", site.near.interface);
    let later = add(&site.near, &below, LATER)?;
    let before = dropped();
    while dropped() == before {
        send(&[OWN, LATER])?;
        thread::sleep(Duration::from_millis(20));
    }
    Message::removal(cable::index(&later)?).send()?;
    let mut before = dropped();
    loop {
        send(&[OWN, LATER])?;
        match dropped() {
            now if now == before => break,
            now => before = now,
        }
        thread::sleep(Duration::from_millis(20));
    }
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
    ensure!(found == BTreeSet::from([outer, inner]), "{found:x?}");
    Ok(format!("{} VLANs", found.len()))
}

/// Adds a VLAN device without an address, and returns its name.
fn add(end: &End, below: &str, identifier: u16) -> Result<String> {
    let name = format!("{below}.{identifier}");
    Message::vlan(&name, cable::index(below)?, DOT1Q, identifier)
        .send()
        .with_context(|| format!("beside {}", end.v4))?;
    interface::bring_up(&name)?;
    Ok(name)
}

fn give(interface: &str, address: Ipv4Addr) -> Result<()> {
    interface::bring_up("lo")?;
    interface::bring_up(interface)?;
    Message::address(cable::index(interface)?, address.into(), 24).send()
}
