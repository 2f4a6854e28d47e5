//! Requests of rtnetlink.

use std::{
    io,
    net::IpAddr,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result, bail};

mod bridge;

pub use self::bridge::Port;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFLA_VLAN_ID: u16 = 1;
const IFLA_VLAN_PROTOCOL: u16 = 5;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// No duplicate address detection: the address is there at once.
const IFA_F_NODAD: u8 = 2;

const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const TABLE_MAIN: u8 = 254;
const TABLE_LOCAL: u8 = 255;
const PROTOCOL_STATIC: u8 = 4;
const SCOPE_HOST: u8 = 254;
const TYPE_UNICAST: u8 = 1;
const TYPE_LOCAL: u8 = 2;

/// `sizeof(struct nlmsghdr)`.
const HEADER: usize = 16;
/// `struct ifinfomsg` that says nothing.
const ANY_LINK: [u8; 16] = [0; 16];

/// A request that makes something.
pub struct Message {
    kind: u16,
    what: String,
    payload: Vec<u8>,
}

impl Message {
    /// A pair of veth devices: the second one in the namespace of a descriptor.
    pub fn veth(
        (name, mac): (&str, [u8; 6]),
        (peer, peer_mac, namespace): (&str, [u8; 6], i32),
        mtu: u32,
    ) -> Self {
        let mut other = ANY_LINK.to_vec();
        put(&mut other, IFLA_IFNAME, &terminated(peer));
        put(&mut other, IFLA_ADDRESS, &peer_mac);
        put(&mut other, IFLA_MTU, &mtu.to_ne_bytes());
        put(&mut other, IFLA_NET_NS_FD, &namespace.to_ne_bytes());
        let mut data = Vec::new();
        put(&mut data, VETH_INFO_PEER, &other);
        let mut info = Vec::new();
        put(&mut info, IFLA_INFO_KIND, &terminated("veth"));
        put(&mut info, IFLA_INFO_DATA, &data);
        let mut payload = ANY_LINK.to_vec();
        put(&mut payload, IFLA_IFNAME, &terminated(name));
        put(&mut payload, IFLA_ADDRESS, &mac);
        put(&mut payload, IFLA_MTU, &mtu.to_ne_bytes());
        put(&mut payload, IFLA_LINKINFO, &info);
        Self { kind: libc::RTM_NEWLINK, what: format!("{name} and {peer}"), payload }
    }

    /// A VLAN device above another one.
    pub fn vlan(name: &str, below: u32, kind: u16, identifier: u16) -> Self {
        let mut data = Vec::new();
        put(&mut data, IFLA_VLAN_ID, &identifier.to_ne_bytes());
        put(&mut data, IFLA_VLAN_PROTOCOL, &kind.to_be_bytes());
        let mut info = Vec::new();
        put(&mut info, IFLA_INFO_KIND, &terminated("vlan"));
        put(&mut info, IFLA_INFO_DATA, &data);
        let mut payload = ANY_LINK.to_vec();
        put(&mut payload, IFLA_IFNAME, &terminated(name));
        put(&mut payload, IFLA_LINK, &below.to_ne_bytes());
        put(&mut payload, IFLA_LINKINFO, &info);
        Self { kind: libc::RTM_NEWLINK, what: name.to_owned(), payload }
    }

    /// A VLAN device (802.1Q) above another one, in the namespace of a descriptor.
    pub fn vlan_elsewhere(name: &str, below: u32, identifier: u16, namespace: i32) -> Self {
        let mut message = Self::vlan(name, below, 0x8100, identifier);
        put(&mut message.payload, IFLA_NET_NS_FD, &namespace.to_ne_bytes());
        message
    }

    /// The end of an interface.
    pub fn removal(index: u32) -> Self {
        let mut payload = ANY_LINK.to_vec();
        payload[4..8].copy_from_slice(&index.to_ne_bytes());
        Self { kind: libc::RTM_DELLINK, what: format!("the end of interface {index}"), payload }
    }

    /// An address of an interface.
    pub fn address(index: u32, address: IpAddr, length: u8) -> Self {
        let flags = if address.is_ipv6() { IFA_F_NODAD } else { 0 };
        let mut payload = vec![family(address), length, flags, 0];
        payload.extend(index.to_ne_bytes());
        put(&mut payload, IFA_LOCAL, &octets(address));
        put(&mut payload, IFA_ADDRESS, &octets(address));
        Self { kind: libc::RTM_NEWADDR, what: address.to_string(), payload }
    }

    /// A neighbour that needs no discovery.
    pub fn neighbour(index: u32, address: IpAddr, mac: [u8; 6]) -> Self {
        let mut payload = vec![family(address), 0, 0, 0];
        payload.extend(index.to_ne_bytes());
        payload.extend(NUD_PERMANENT.to_ne_bytes());
        payload.extend([0, 0]);
        put(&mut payload, NDA_DST, &octets(address));
        put(&mut payload, NDA_LLADDR, &mac);
        Self { kind: libc::RTM_NEWNEIGH, what: format!("the neighbour {address}"), payload }
    }

    /// A prefix of which every address is the host's own.
    pub fn local_route(index: u32, network: IpAddr, length: u8) -> Self {
        let kind = (TABLE_LOCAL, SCOPE_HOST, TYPE_LOCAL);
        let mut payload = route(network, length, kind);
        put(&mut payload, RTA_DST, &octets(network));
        put(&mut payload, RTA_OIF, &index.to_ne_bytes());
        Self { kind: libc::RTM_NEWROUTE, what: format!("the route to {network}"), payload }
    }

    /// A default route.
    pub fn default_route(index: u32, gateway: IpAddr) -> Self {
        let mut payload = route(gateway, 0, (TABLE_MAIN, 0, TYPE_UNICAST));
        put(&mut payload, RTA_GATEWAY, &octets(gateway));
        put(&mut payload, RTA_OIF, &index.to_ne_bytes());
        Self { kind: libc::RTM_NEWROUTE, what: format!("the route over {gateway}"), payload }
    }

    /// Sends it from the calling thread's network namespace, and waits for the answer.
    pub fn send(&self) -> Result<()> {
        self.exchange().with_context(|| format!("cannot make {}", self.what))
    }

    fn exchange(&self) -> Result<()> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: takes no pointers.
        let socket = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) };
        if socket < 0 {
            return Err(io::Error::last_os_error().into());
        }
        // SAFETY: the descriptor was just opened and belongs to nothing else.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let flags =
            libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
        let mut request = ((HEADER + self.payload.len()) as u32).to_ne_bytes().to_vec();
        request.extend(self.kind.to_ne_bytes());
        request.extend((flags as u16).to_ne_bytes());
        request.extend([0; 8]);
        request.extend(&self.payload);
        let mut answer = [0; 4096];
        // SAFETY: both buffers outlive the calls, and their lengths are theirs.
        let received = unsafe {
            if libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) < 0 {
                return Err(io::Error::last_os_error().into());
            }
            libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0)
        };
        let Some(error) = answer.get(HEADER..HEADER + 4).filter(|_| received >= 20) else {
            bail!("an answer of {received} bytes");
        };
        match i32::from_ne_bytes([error[0], error[1], error[2], error[3]]) {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(-code).into()),
        }
    }
}

/// `struct rtmsg`.
fn route(network: IpAddr, length: u8, (table, scope, kind): (u8, u8, u8)) -> Vec<u8> {
    let mut header = vec![family(network), length, 0, 0, table, PROTOCOL_STATIC, scope, kind];
    header.extend([0; 4]);
    header
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn terminated(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// Adds an attribute.
fn put(payload: &mut Vec<u8>, kind: u16, value: &[u8]) {
    payload.extend(((4 + value.len()) as u16).to_ne_bytes());
    payload.extend(kind.to_ne_bytes());
    payload.extend(value);
    payload.resize(payload.len().next_multiple_of(4), 0);
}
