//! The frames that are measured, byte by byte.

/// An IP version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Where an IPv4 frame goes unless it is in transit.
pub const LOCAL_V4: [u8; 4] = [10, 12, 0, 2];
/// Where an IPv6 frame goes unless it is in transit.
pub const LOCAL_V6: [u8; 16] = [0xfd, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
pub const PEER_V4: [u8; 4] = [10, 12, 0, 1];
const PEER_V6: [u8; 16] = [0xfd, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// A source port that nobody watches.
const SOURCE_PORT: u16 = 12345;
const SHORTEST: usize = 60;

/// TCP flags (RFC 9293 section 3.1).
pub const SYN: u8 = 0x02;
/// See [`SYN`].
pub const ACK: u8 = 0x10;

/// What an IP header carries: a protocol number, and the bytes.
pub struct Payload {
    protocol: u8,
    bytes: Vec<u8>,
}

/// A TCP segment without options.
pub fn tcp(port: u16, flags: u8) -> Payload {
    let mut bytes = ports(port);
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    Payload { protocol: 6, bytes }
}

/// A UDP datagram of 4 bytes.
pub fn udp(port: u16) -> Payload {
    let mut bytes = ports(port);
    bytes.extend([0, 12, 0, 0, 0, 0, 0, 0]);
    Payload { protocol: 17, bytes }
}

/// An ICMP echo request.
pub fn icmp() -> Payload {
    Payload { protocol: 1, bytes: vec![8, 0, 0, 0, 0, 1, 0, 1] }
}

fn ports(destination: u16) -> Vec<u8> {
    [SOURCE_PORT.to_be_bytes(), destination.to_be_bytes()].concat()
}

impl Payload {
    /// With zeros behind it until its IP packet has `length` bytes.
    pub fn filled(mut self, version: Version, length: usize) -> Self {
        let header = match version {
            Version::V4 => 20,
            Version::V6 => 40,
        };
        self.bytes.resize(length - header, 0);
        self
    }

    /// Behind an IPv6 extension header of 8 bytes.
    pub fn behind(self, header: u8) -> Self {
        let mut bytes = vec![self.protocol, 0, 1, 4, 0, 0, 0, 0];
        bytes.extend(self.bytes);
        Self { protocol: header, bytes }
    }

    /// Behind an IPv6 fragment header with this offset, in units of 8 bytes.
    pub fn fragment_v6(self, offset: u16) -> Self {
        let [high, low] = (offset << 3).to_be_bytes();
        let mut bytes = vec![self.protocol, 0, high, low, 0, 0, 0, 7];
        bytes.extend(self.bytes);
        Self { protocol: 44, bytes }
    }
}

/// A frame for this host.
pub fn frame(version: Version, payload: &Payload) -> Vec<u8> {
    match version {
        Version::V4 => ethernet(0x0800, &packet_v4(LOCAL_V4, payload)),
        Version::V6 => ethernet(0x86dd, &packet_v6(payload)),
    }
}

/// A frame with one 802.1Q tag.
pub fn tagged(version: Version, payload: &Payload) -> Vec<u8> {
    let mut frame = frame(version, payload);
    frame.splice(12..12, [0x81, 0, 0, 5]);
    frame
}

/// An IPv4 frame for another host.
pub fn transit(payload: &Payload) -> Vec<u8> {
    ethernet(0x0800, &packet_v4([192, 0, 2, 1], payload))
}

/// An IPv4 fragment that is not the first.
pub fn later_fragment(payload: &Payload) -> Vec<u8> {
    let mut packet = packet_v4(LOCAL_V4, payload);
    packet[6..8].copy_from_slice(&[0, 185]);
    ethernet(0x0800, &packet)
}

/// An IPv4 frame whose header length is below the minimum.
pub fn short_header(payload: &Payload) -> Vec<u8> {
    let mut packet = packet_v4(LOCAL_V4, payload);
    packet[0] = 0x44;
    ethernet(0x0800, &packet)
}

/// An ARP request.
pub fn arp() -> Vec<u8> {
    ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1])
}

fn ethernet(kind: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(kind.to_be_bytes());
    frame.extend(packet);
    frame.resize(frame.len().max(SHORTEST), 0);
    frame
}

fn packet_v4(destination: [u8; 4], payload: &Payload) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((20 + payload.bytes.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, payload.protocol, 0, 0]);
    packet.extend(PEER_V4);
    packet.extend(destination);
    packet.extend(&payload.bytes);
    packet
}

fn packet_v6(payload: &Payload) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.bytes.len() as u16).to_be_bytes());
    packet.extend([payload.protocol, 64]);
    packet.extend(PEER_V6);
    packet.extend(LOCAL_V6);
    packet.extend(&payload.bytes);
    packet
}
