//! Two network namespaces with a veth pair between them, made by netlink: a machine without programs has no `ip`.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    net::IpAddr,
    os::fd::AsRawFd as _,
    thread,
};

use anyhow::{Context as _, Result, anyhow};

mod message;

pub use self::message::{Message, Port};
use crate::{
    dressing::{End, Site},
    interface,
};

const NEAR_MAC: [u8; 6] = [2, 0, 0, 0x12, 0, 1];
const FAR_MAC: [u8; 6] = [2, 0, 0, 0x12, 0, 2];

/// Makes the site of an exchange, with the addresses, routes and neighbours that it needs.
pub fn site(mtu: usize) -> Result<Site> {
    let end = |interface: &str, host: u16, mac| -> Result<End> {
        Ok(End {
            namespace: namespace()?,
            interface: interface.to_owned(),
            v4: [10, 12, 0, host as u8].into(),
            v6: [0xfd12, 0, 0, 0, 0, 0, 0, host].into(),
            mac,
        })
    };
    let site = Site { near: end("w0", 1, NEAR_MAC)?, far: end("f0", 2, FAR_MAC)?, mtu };
    site.near.enter(|| near(&site)).context("the near host")?;
    site.far.enter(|| interface::bring_up(&site.far.interface)).context("the far host")?;
    Ok(site)
}

/// A network namespace that lasts as long as the descriptor.
pub fn namespace() -> Result<File> {
    let made = thread::spawn(|| -> io::Result<File> {
        // SAFETY: takes no pointers; it changes this thread alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err(io::Error::last_os_error());
        }
        File::open("/proc/thread-self/ns/net")
    });
    let made = made.join().map_err(|_| anyhow!("the thread that makes a namespace panicked"))?;
    made.context("cannot make a network namespace")
}

fn near(site: &Site) -> Result<()> {
    let End { interface, mac, .. } = &site.near;
    let off = [
        "ipv4/ip_forward",
        "ipv4/conf/all/rp_filter",
        "ipv4/conf/default/rp_filter",
        "ipv6/conf/all/accept_dad",
        "ipv6/conf/default/accept_dad",
    ];
    for (key, value) in off.map(|key| (key, "0")).into_iter().chain(Site::REASSEMBLY) {
        let path = format!("/proc/sys/net/{key}");
        fs::write(&path, value).with_context(|| format!("cannot write {path}"))?;
    }
    let peer = (site.far.interface.as_str(), site.far.mac, site.far.namespace.as_raw_fd());
    Message::veth((interface, *mac), peer, site.mtu as u32).send()?;
    interface::bring_up("lo")?;
    interface::bring_up(interface)?;
    let (cable, loopback) = (index(interface)?, index("lo")?);
    let on_cable: [(IpAddr, u8); 5] = [
        (site.near.v4.into(), 24),
        (site.near.v6.into(), 64),
        (Site::SECONDARY_V4.into(), 24),
        (Site::SECONDARY_V6.into(), 64),
        (Site::LINK_LOCAL.into(), 64),
    ];
    for (address, length) in on_cable {
        Message::address(cable, address, length).send()?;
    }
    for (address, length) in [(Site::ON_LO_V4.into(), 32), (Site::ON_LO_V6.into(), 128)] {
        Message::address(loopback, address, length).send()?;
    }
    for (network, length) in [("10.98.0.0".parse()?, 24), ("fd98::".parse()?, 64)] {
        Message::local_route(loopback, network, length).send()?;
    }
    for gateway in [site.far.v4.into(), site.far.v6.into()] {
        Message::default_route(cable, gateway).send()?;
    }
    for neighbour in site.neighbours() {
        Message::neighbour(cable, neighbour, site.far.mac).send()?;
    }
    Ok(())
}

/// Adds VLAN devices to the near host, without addresses: what they receive is for those of the cable.
pub fn add_vlans(site: &Site) -> Result<()> {
    const DOT1Q: u16 = 0x8100;
    const DOT1AD: u16 = 0x88a8;
    let cable = site.near.interface.as_str();
    site.near.enter(|| {
        add("q7", cable, DOT1Q, Site::VLAN)?;
        add("q7.9", "q7", DOT1Q, Site::INNER_VLAN)?;
        add("ad7", cable, DOT1AD, Site::VLAN)
    })
}

/// Adds a VLAN device without an address, and returns its name.
pub fn add_vlan(below: &str, kind: u16, identifier: u16) -> Result<String> {
    let name = format!("{below}.{kind:x}.{identifier}").replace(".8100.", ".");
    add(&name, below, kind, identifier)?;
    Ok(name)
}

fn add(name: &str, below: &str, kind: u16, identifier: u16) -> Result<()> {
    Message::vlan(name, index(below)?, kind, identifier).send()?;
    interface::bring_up(name)
}

/// The index of an interface of the calling thread's network namespace, which sysfs does not show.
pub fn index(interface: &str) -> Result<u32> {
    let name = CString::new(interface)?;
    // SAFETY: the name ends in NUL and outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()).with_context(|| format!("{interface} has no index")),
        index => Ok(index),
    }
}
