//! Requests about bridges, their ports and their VLANs.

use super::{
    ANY_LINK, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINKINFO, Message, put, terminated,
};

const AF_BRIDGE: u8 = 7;
const IFLA_MASTER: u16 = 10;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_BR_VLAN_FILTERING: u16 = 7;
const IFLA_BR_VLAN_PROTOCOL: u16 = 8;
const IFLA_BRIDGE_FLAGS: u16 = 0;
const IFLA_BRIDGE_VLAN_INFO: u16 = 2;
const BRIDGE_FLAGS_SELF: u16 = 2;
const PVID: u16 = 1 << 1;
const UNTAGGED: u16 = 1 << 2;
const RANGE_BEGIN: u16 = 1 << 3;
const RANGE_END: u16 = 1 << 4;

/// The interface of which VLANs change.
#[derive(Clone, Copy)]
pub enum Port {
    /// A port of a bridge, by its index.
    Member(u32),
    /// A bridge itself, by its index.
    Itself(u32),
}

impl Message {
    /// A bridge; with a kind of tag, it filters VLANs.
    pub fn bridge(name: &str, protocol: Option<u16>) -> Self {
        let mut data = Vec::new();
        if let Some(protocol) = protocol {
            put(&mut data, IFLA_BR_VLAN_PROTOCOL, &protocol.to_be_bytes());
            put(&mut data, IFLA_BR_VLAN_FILTERING, &[1]);
        }
        Self::device(name, "bridge", &data)
    }

    /// A bond.
    pub fn bond(name: &str) -> Self {
        Self::device(name, "bond", &[])
    }

    fn device(name: &str, kind: &str, data: &[u8]) -> Self {
        let mut info = Vec::new();
        put(&mut info, IFLA_INFO_KIND, &terminated(kind));
        put(&mut info, IFLA_INFO_DATA, data);
        let mut payload = ANY_LINK.to_vec();
        put(&mut payload, IFLA_IFNAME, &terminated(name));
        put(&mut payload, IFLA_LINKINFO, &info);
        Self { kind: libc::RTM_NEWLINK, what: name.to_owned(), payload }
    }

    /// The membership of an interface in a bridge or a bond.
    pub fn member(index: u32, master: u32) -> Self {
        let mut payload = link(0, index);
        put(&mut payload, IFLA_MASTER, &master.to_ne_bytes());
        Self { kind: libc::RTM_SETLINK, what: format!("{index} a member of {master}"), payload }
    }

    /// VLANs of which a port takes frames with the tag, and leaves it in them.
    pub fn tagged(port: Port, first: u16, last: u16) -> Self {
        let range = [(RANGE_BEGIN, first), (RANGE_END, last)];
        // The kernel takes no range of one.
        let vlans = if first == last { &[(0, first)][..] } else { &range };
        Self::port_vlans(libc::RTM_SETLINK, port, vlans)
    }

    /// The VLAN of a port's frames without a tag.
    pub fn untagged(port: Port, vid: u16) -> Self {
        Self::port_vlans(libc::RTM_SETLINK, port, &[(PVID | UNTAGGED, vid)])
    }

    /// The VLAN that a port's frames without a tag get; with the tag on their way out.
    pub fn pvid(port: Port, vid: u16) -> Self {
        Self::port_vlans(libc::RTM_SETLINK, port, &[(PVID, vid)])
    }

    /// The end of a port's VLAN.
    pub fn vlan_removal(port: Port, vid: u16) -> Self {
        Self::port_vlans(libc::RTM_DELLINK, port, &[(0, vid)])
    }

    fn port_vlans(kind: u16, port: Port, vlans: &[(u16, u16)]) -> Self {
        let mut specification = Vec::new();
        let index = match port {
            Port::Member(index) => index,
            Port::Itself(index) => {
                put(&mut specification, IFLA_BRIDGE_FLAGS, &BRIDGE_FLAGS_SELF.to_ne_bytes());
                index
            }
        };
        for (flags, vid) in vlans {
            let info = [flags.to_ne_bytes(), vid.to_ne_bytes()].concat();
            put(&mut specification, IFLA_BRIDGE_VLAN_INFO, &info);
        }
        let mut payload = link(AF_BRIDGE, index);
        put(&mut payload, IFLA_AF_SPEC, &specification);
        Self { kind, what: format!("the VLANs {vlans:?} of {index}"), payload }
    }
}

/// `struct ifinfomsg` of an interface.
fn link(family: u8, index: u32) -> Vec<u8> {
    let mut link = ANY_LINK.to_vec();
    link[0] = family;
    link[4..8].copy_from_slice(&index.to_ne_bytes());
    link
}
