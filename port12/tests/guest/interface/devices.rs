//! Devices that are made for a check, and that go with it.

use std::io;

use anyhow::{Context as _, Result};

use super::{index, raw, socket};

// linux/if_link.h, and the headers of the kinds.
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFLA_BOND_MODE: u16 = 1;
const BOND_MODE_ACTIVEBACKUP: u8 = 1;
const IFLA_VLAN_ID: u16 = 1;
const IFLA_VRF_TABLE: u16 = 1;

const IFINFOMSG: usize = 16;

/// A device that is deleted when it is dropped.
pub struct Device(String);

impl Device {
    /// A veth pair; deleting one end deletes both.
    pub fn veth(name: &str, peer: &str) -> Result<Self> {
        let peer = [vec![0; IFINFOMSG], attribute(IFLA_IFNAME, &terminated(peer))].concat();
        Self::create(name, "veth", &[], &attribute(VETH_INFO_PEER, &peer))
    }

    /// A bond in active-backup mode.
    pub fn bond(name: &str) -> Result<Self> {
        Self::create(name, "bond", &[], &attribute(IFLA_BOND_MODE, &[BOND_MODE_ACTIVEBACKUP]))
    }

    /// A VLAN device above another.
    pub fn vlan(name: &str, below: &str, id: u16) -> Result<Self> {
        let below = attribute(IFLA_LINK, &index(below)?.to_ne_bytes());
        Self::create(name, "vlan", &below, &attribute(IFLA_VLAN_ID, &id.to_ne_bytes()))
    }

    /// A VRF device with a routing table.
    pub fn vrf(name: &str, table: u32) -> Result<Self> {
        Self::create(name, "vrf", &[], &attribute(IFLA_VRF_TABLE, &table.to_ne_bytes()))
    }

    fn create(name: &str, kind: &str, attributes: &[u8], data: &[u8]) -> Result<Self> {
        let info = [attribute(IFLA_INFO_KIND, &terminated(kind)), attribute(IFLA_INFO_DATA, data)];
        let attributes = [
            attribute(IFLA_IFNAME, &terminated(name)),
            attributes.to_vec(),
            attribute(IFLA_LINKINFO, &info.concat()),
        ];
        let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        request(libc::RTM_NEWLINK, flags, 0, &attributes.concat())
            .with_context(|| format!("cannot create the {kind} {name}"))?;
        Ok(Self(name.to_owned()))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // A check that has failed already says why.
        let _ = index(&self.0).and_then(|index| request(libc::RTM_DELLINK, 0, index, &[]));
    }
}

/// Makes a device a member of another; of none without a name.
pub fn set_master(member: &str, master: &str) -> Result<()> {
    let attributes = attribute(IFLA_MASTER, &index(master)?.to_ne_bytes());
    request(libc::RTM_NEWLINK, 0, index(member)?, &attributes)
        .with_context(|| format!("cannot make {member} a member of {master}"))
}

fn request(kind: u16, flags: libc::c_int, index: u32, attributes: &[u8]) -> Result<()> {
    let socket = socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)?;
    let flags = flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK;
    let mut message = Vec::new();
    message.extend(((16 + IFINFOMSG + attributes.len()) as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((flags as u16).to_ne_bytes());
    message.extend([0; 8 + 4]);
    message.extend(index.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(attributes);
    let mut reply = [0_u8; 4096];
    // SAFETY: both buffers outlive the calls, and their lengths are theirs.
    let received = unsafe {
        if libc::send(raw(&socket), message.as_ptr().cast(), message.len(), 0) < 0 {
            return Err(io::Error::last_os_error().into());
        }
        libc::recv(raw(&socket), reply.as_mut_ptr().cast(), reply.len(), 0)
    };
    anyhow::ensure!(received >= 20, "no acknowledgement: {}", io::Error::last_os_error());
    match i32::from_ne_bytes([reply[16], reply[17], reply[18], reply[19]]) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error).into()),
    }
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(((value.len() + 4) as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn terminated(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}
