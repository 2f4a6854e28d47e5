//! An interface, as the kernel describes it.

use netlink_packet_core::{DecodeError, Emitable};
use netlink_packet_route::link::{LinkFlags, LinkHeader};

use crate::host::netlink::{attributes, behind, number, text};

/// `IFLA_PROP_LIST` (linux/if_link.h).
const IFLA_PROP_LIST: u16 = 52;

/// An interface.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Link {
    /// Its index in this network namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its alternative names (kernel 5.5).
    pub altnames: Vec<String>,
    /// Kind, if the kernel names it: "veth", "tun", "wireguard", "bridge".
    /// Hardware has none.
    pub kind: Option<String>,
    /// Its link-layer type, `ARPHRD_*` (linux/if_arp.h).
    pub hardware: u16,
    /// The largest payload of a frame, in bytes.
    pub mtu: u32,
    /// Whether it is administratively up.
    pub up: bool,
    /// The index of the bridge, bond, team or VRF that it belongs to.
    pub master: Option<u32>,
    /// The index of the interface below or, of a pair, beside it, where that is in this network
    /// namespace.
    pub lower: Option<u32>,
    /// The tag that a VLAN device takes off its frames.
    pub vlan: Option<VlanTag>,
    /// How it sorts frames by their tags, if it does.
    pub vlan_filter: Option<VlanFilter>,
    /// Whether it receives all frames (promiscuous mode), whoever asked for that.
    pub is_promiscuous: bool,
    /// Its MAC address, if its link-layer addresses have six bytes.
    pub mac: Option<[u8; 6]>,
    /// The XDP programs on it.
    pub xdp: Vec<XdpAttachment>,
}

impl Link {
    /// The name and the alternative names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.name).chain(self.altnames.iter().map(|name| &**name))
    }
}

/// A VLAN tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VlanTag {
    /// The VID, 1 to 4094; 0 for priority tags.
    pub vid: u16,
    /// Whether it is of IEEE 802.1ad instead of 802.1Q.
    pub is_dot1ad: bool,
}

/// A switch that sorts frames by their VLAN tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VlanFilter {
    /// A bridge with `vlan_filtering`.
    Bridge {
        /// Whether its tags are of IEEE 802.1ad (`vlan_protocol`) instead of 802.1Q.
        is_dot1ad: bool,
    },
    /// Open vSwitch, whose flows are unknown.
    OpenVswitch,
}

/// An XDP program on an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct XdpAttachment {
    /// Where it runs.
    pub mode: XdpMode,
    /// The program's id.
    pub program: u32,
}

pub use crate::model::XdpMode;

pub(super) fn read(message: &[u8]) -> Result<Link, DecodeError> {
    let header = LinkHeader::parse(message)?;
    let mut link = Link {
        index: header.index,
        hardware: header.link_layer_type.into(),
        up: header.flags.contains(LinkFlags::Up),
        ..Link::default()
    };
    let mut elsewhere = false;
    for attribute in attributes(behind(message, header.buffer_len())?) {
        match attribute? {
            (libc::IFLA_IFNAME, value) => link.name = text(value),
            (IFLA_PROP_LIST, value) => link.altnames = altnames(value)?,
            (libc::IFLA_ADDRESS, value) => link.mac = value.try_into().ok(),
            (libc::IFLA_MTU, value) => link.mtu = number(value)?,
            (libc::IFLA_MASTER, value) => link.master = Some(number(value)?),
            (libc::IFLA_LINK, value) => link.lower = Some(number(value)?),
            (libc::IFLA_LINK_NETNSID, _) => elsewhere = true,
            (libc::IFLA_PROMISCUITY, value) => link.is_promiscuous = number(value)? != 0,
            (libc::IFLA_LINKINFO, value) => read_info(value, &mut link)?,
            (libc::IFLA_XDP, value) => link.xdp = xdp(value)?,
            _ => {}
        }
    }
    // An interface that stands on nothing names itself or nothing.
    link.lower = link.lower.filter(|&lower| !elsewhere && lower != 0 && lower != link.index);
    Ok(link)
}

fn altnames(properties: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut names = Vec::new();
    for attribute in attributes(properties) {
        if let (super::IFLA_ALT_IFNAME, value) = attribute? {
            names.push(text(value));
        }
    }
    Ok(names)
}

fn read_info(info: &[u8], link: &mut Link) -> Result<(), DecodeError> {
    let mut data: &[u8] = &[];
    for attribute in attributes(info) {
        match attribute? {
            (libc::IFLA_INFO_KIND, value) => link.kind = Some(text(value)),
            (libc::IFLA_INFO_DATA, value) => data = value,
            _ => {}
        }
    }
    match link.kind.as_deref() {
        Some("vlan") => link.vlan = Some(vlan(data)?),
        Some("bridge") => link.vlan_filter = bridge_filter(data)?,
        Some("openvswitch") => link.vlan_filter = Some(VlanFilter::OpenVswitch),
        _ => {}
    }
    Ok(())
}

/// `IFLA_VLAN_*` (linux/if_link.h).
fn vlan(data: &[u8]) -> Result<VlanTag, DecodeError> {
    const ID: u16 = 1;
    const PROTOCOL: u16 = 5;
    let mut tag = VlanTag { vid: 0, is_dot1ad: false };
    for attribute in attributes(data) {
        match attribute? {
            (ID, &[low, high]) => tag.vid = u16::from_ne_bytes([low, high]),
            (PROTOCOL, value) => tag.is_dot1ad = is_protocol_of_dot1ad(value),
            _ => {}
        }
    }
    Ok(tag)
}

/// `IFLA_BR_*` (linux/if_link.h).
fn bridge_filter(data: &[u8]) -> Result<Option<VlanFilter>, DecodeError> {
    const VLAN_FILTERING: u16 = 7;
    const VLAN_PROTOCOL: u16 = 8;
    let (mut is_on, mut is_dot1ad) = (false, false);
    for attribute in attributes(data) {
        match attribute? {
            (VLAN_FILTERING, value) => is_on = value != [0],
            (VLAN_PROTOCOL, value) => is_dot1ad = is_protocol_of_dot1ad(value),
            _ => {}
        }
    }
    Ok(is_on.then_some(VlanFilter::Bridge { is_dot1ad }))
}

/// Whether a TPID, in network byte order, is the one of IEEE 802.1ad.
fn is_protocol_of_dot1ad(tpid: &[u8]) -> bool {
    tpid == [0x88, 0xa8]
}

/// `IFLA_XDP_*` and `XDP_ATTACHED_*` (linux/if_link.h): either one program under the mode's name,
/// or, with `XDP_ATTACHED_MULTI`, each under its own; `IFLA_XDP_PROG_ID` repeats the one.
fn xdp(value: &[u8]) -> Result<Vec<XdpAttachment>, DecodeError> {
    const DRIVER: u16 = 5;
    const STACK: u16 = 6;
    const CARD: u16 = 7;
    let mut attachments = Vec::new();
    for attribute in attributes(value) {
        let (mode, program) = match attribute? {
            (DRIVER, program) => (XdpMode::Native, program),
            (STACK, program) => (XdpMode::Generic, program),
            (CARD, program) => (XdpMode::Hardware, program),
            _ => continue,
        };
        attachments.push(XdpAttachment { mode, program: number(program)? });
    }
    Ok(attachments)
}
