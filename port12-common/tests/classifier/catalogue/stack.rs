//! Builds a frame from the inside out: `tcp(12, SYN).v4().ethernet()`.
//!
//! Each header names what the one before it put there and takes its length; [`Stack::set`] then
//! spoils what the frame is to have wrong. IPv4 header checksums are right until spoilt;
//! transport checksums are zero, since nothing reads them.

use super::expect::SOURCE_PORT;
use crate::support::environment::{ADDRESS_V4, ADDRESS_V6};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const URG: u8 = 0x20;
pub const ECE: u8 = 0x40;
pub const CWR: u8 = 0x80;

pub const HOP_BY_HOP: u8 = 0;
pub const ROUTING: u8 = 43;
pub const DESTINATION: u8 = 60;
pub const MOBILITY: u8 = 135;
pub const HIP: u8 = 139;
pub const SHIM6: u8 = 140;

const SOURCE_V4: [u8; 4] = [198, 51, 100, 7];
const SOURCE_V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

/// Headers, the innermost first.
#[derive(Clone)]
pub struct Stack {
    headers: Vec<Vec<u8>>,
    /// The IP protocol number of the outermost header.
    protocol: u8,
    /// The EtherType of the outermost header.
    ether_type: u16,
}

/// Bytes with a protocol number: the start of any packet that is not TCP, UDP, SCTP or DCCP.
pub fn carried(protocol: u8, bytes: &[u8]) -> Stack {
    Stack { headers: vec![bytes.to_vec()], protocol, ether_type: 0 }
}

/// Bytes with an EtherType: the start of any frame that is not IP.
pub fn linked(ether_type: u16, bytes: &[u8]) -> Stack {
    Stack { headers: vec![bytes.to_vec()], protocol: 0, ether_type }
}

pub fn tcp(port: u16, flags: u8) -> Stack {
    tcp_from(SOURCE_PORT, port, flags)
}

pub fn tcp_from(source_port: u16, port: u16, flags: u8) -> Stack {
    let acknowledged = if flags & ACK == 0 { 0 } else { 0x0c0c_0c0c_u32 };
    let mut bytes = ports(source_port, port);
    bytes.extend(0x0102_0304_u32.to_be_bytes());
    bytes.extend(acknowledged.to_be_bytes());
    bytes.extend([0x50, flags, 0x04, 0x00, 0, 0, 0, 0]);
    carried(6, &bytes)
}

pub fn udp(port: u16) -> Stack {
    udp_from(SOURCE_PORT, port)
}

pub fn udp_from(source_port: u16, port: u16) -> Stack {
    let mut bytes = ports(source_port, port);
    bytes.extend([0, 8, 0, 0]);
    carried(17, &bytes)
}

pub fn udplite(port: u16) -> Stack {
    let mut bytes = ports(SOURCE_PORT, port);
    bytes.extend([0, 8, 0, 0]);
    carried(136, &bytes)
}

/// SCTP with one chunk of a type.
pub fn sctp(port: u16, chunk: u8) -> Stack {
    let mut bytes = ports(SOURCE_PORT, port);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([chunk, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
    carried(132, &bytes)
}

/// DCCP of a packet type, with 48-bit sequence numbers.
pub fn dccp(port: u16, packet_type: u8) -> Stack {
    let mut bytes = ports(SOURCE_PORT, port);
    bytes.extend([5, 0, 0, 0, packet_type << 1 | 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 42]);
    carried(33, &bytes)
}

fn ports(source: u16, destination: u16) -> Vec<u8> {
    [source.to_be_bytes(), destination.to_be_bytes()].concat()
}

impl Stack {
    fn length(&self) -> usize {
        self.headers.iter().map(Vec::len).sum()
    }

    /// The headers, the outermost first.
    pub fn headers(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().rev().map(Vec::as_slice).filter(|header| !header.is_empty())
    }

    pub fn v4(self) -> Self {
        self.v4_to(ADDRESS_V4.octets())
    }

    pub fn v4_to(self, destination: [u8; 4]) -> Self {
        self.v4_with(destination, &[])
    }

    /// IPv4 with options, a multiple of four bytes.
    pub fn v4_options(self, options: &[u8]) -> Self {
        self.v4_with(ADDRESS_V4.octets(), options)
    }

    fn v4_with(mut self, destination: [u8; 4], options: &[u8]) -> Self {
        let length = 20 + options.len();
        let total = (length + self.length()) as u16;
        let mut header = vec![0x40 | (length / 4) as u8, 0];
        header.extend(total.to_be_bytes());
        header.extend([0x0c, 0x0c, 0, 0, 64, self.protocol, 0, 0]);
        header.extend(SOURCE_V4);
        header.extend(destination);
        header.extend(options);
        self.headers.push(header);
        self.ether_type = 0x0800;
        self.with_checksum()
    }

    /// Makes the IPv4 header that of a fragment, in units of eight bytes.
    pub fn v4_fragment(self, offset: u16, more: bool) -> Self {
        let [high, low] = (offset | u16::from(more) << 13).to_be_bytes();
        self.set(6, high).set(7, low).set(10, 0).set(11, 0).with_checksum()
    }

    /// A fragment for the environment's host.
    pub fn v4_fragment_of(self, offset: u16, more: bool) -> Self {
        self.v4().v4_fragment(offset, more)
    }

    fn with_checksum(self) -> Self {
        let words =
            self.outermost().chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
        let sum: u32 = words.sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let [high, low] = (!((folded & 0xffff) + (folded >> 16)) as u16).to_be_bytes();
        self.set(10, high).set(11, low)
    }

    pub fn v6(self) -> Self {
        self.v6_to(ADDRESS_V6.octets())
    }

    pub fn v6_to(mut self, destination: [u8; 16]) -> Self {
        let mut header = vec![0x60, 0, 0, 0];
        header.extend((self.length() as u16).to_be_bytes());
        header.extend([self.protocol, 64]);
        header.extend(SOURCE_V6);
        header.extend(destination);
        self.headers.push(header);
        self.ether_type = 0x86dd;
        self
    }

    /// An IPv6 extension header of a kind, with `units` times eight bytes after the first eight.
    pub fn extension(self, kind: u8, units: u8) -> Self {
        self.extend(kind, units, (usize::from(units) + 1) * 8)
    }

    /// An authentication header of `(words + 2) * 4` bytes.
    pub fn authentication(self, words: u8) -> Self {
        self.extend(51, words, (usize::from(words) + 2) * 4)
    }

    /// An IPv6 fragment header, in units of eight bytes. Its second byte is reserved; it holds
    /// what would be a length anywhere else.
    pub fn fragment(self, offset: u16, more: bool) -> Self {
        let [high, low] = (offset << 3 | u16::from(more)).to_be_bytes();
        self.extend(44, 9, 8).set(2, high).set(3, low).set(7, 12)
    }

    fn extend(mut self, kind: u8, length_field: u8, length: usize) -> Self {
        let mut header = vec![0; length];
        header[0] = self.protocol;
        header[1] = length_field;
        self.headers.push(header);
        self.protocol = kind;
        self
    }

    /// An 802.1Q tag.
    pub fn dot1q(self, vlan: u16) -> Self {
        self.tag(0x8100, vlan)
    }

    /// An 802.1ad tag.
    pub fn dot1ad(self, vlan: u16) -> Self {
        self.tag(0x88a8, vlan)
    }

    /// A tag with any EtherType.
    pub fn tag(mut self, ether_type: u16, vlan: u16) -> Self {
        self.headers.push([vlan.to_be_bytes(), self.ether_type.to_be_bytes()].concat());
        self.ether_type = ether_type;
        self
    }

    pub fn ethernet(self) -> Self {
        self.ethernet_to([2, 0, 0, 0, 0, 2])
    }

    pub fn ethernet_to(mut self, destination: [u8; 6]) -> Self {
        let mut header = destination.to_vec();
        header.extend([2, 0, 0, 0, 0, 1]);
        header.extend(self.ether_type.to_be_bytes());
        self.headers.push(header);
        self
    }

    fn outermost(&self) -> &[u8] {
        self.headers.last().expect("a stack holds a header")
    }

    /// Sets a byte of the outermost header.
    pub fn set(mut self, offset: usize, value: u8) -> Self {
        self.headers.last_mut().expect("a stack holds a header")[offset] = value;
        self
    }

    /// Puts bytes behind the innermost header and its payload.
    pub fn then(mut self, bytes: &[u8]) -> Self {
        self.headers.insert(0, bytes.to_vec());
        self
    }

    /// Ends everything after a number of bytes.
    pub fn cut(mut self, mut length: usize) -> Self {
        for header in self.headers.iter_mut().rev() {
            header.truncate(length);
            length -= header.len();
        }
        self
    }
}
