//! Frames from the far host to the near one.

use std::net::IpAddr;

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};

use super::addresses::{FAR_MAC, NEAR_MAC};

/// The source port of the frames; nothing listens there.
pub const SOURCE_PORT: u16 = 40_000;

/// A TCP SYN.
pub fn syn((near, far): (IpAddr, IpAddr), port: u16) -> Vec<u8> {
    let packet = ip(near, far).tcp(SOURCE_PORT, port, 1, 1024).syn();
    let mut frame = Vec::with_capacity(packet.size(0));
    packet.write(&mut frame, &[]).unwrap();
    frame
}

/// A UDP datagram.
pub fn udp((near, far): (IpAddr, IpAddr), port: u16, payload: &[u8]) -> Vec<u8> {
    let packet = ip(near, far).udp(SOURCE_PORT, port);
    let mut frame = Vec::with_capacity(packet.size(payload.len()));
    packet.write(&mut frame, payload).unwrap();
    frame
}

/// The frame with 802.1Q tags, the outermost first.
pub fn tagged(frame: &[u8], identifiers: &[u16]) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    let mut tagged = addresses.to_vec();
    for identifier in identifiers {
        tagged.extend([0x81, 0]);
        tagged.extend(identifier.to_be_bytes());
    }
    tagged.extend(rest);
    tagged
}

/// Whether a frame is a TCP segment between these ports, without VLAN tags.
pub fn is_tcp(frame: &[u8], source: u16, destination: u16) -> bool {
    let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    match (frame.get(12..14), frame.get(23), frame.get(20)) {
        (Some([8, 0]), Some(6), _) => frame.get(34..38) == Some(&ports[..]),
        (Some([0x86, 0xdd]), _, Some(6)) => frame.get(54..58) == Some(&ports[..]),
        _ => false,
    }
}

fn ip(near: IpAddr, far: IpAddr) -> PacketBuilderStep<IpHeaders> {
    let ethernet = PacketBuilder::ethernet2(FAR_MAC, NEAR_MAC);
    match (near, far) {
        (IpAddr::V4(near), IpAddr::V4(far)) => ethernet.ipv4(far.octets(), near.octets(), 64),
        (IpAddr::V6(near), IpAddr::V6(far)) => ethernet.ipv6(far.octets(), near.octets(), 64),
        _ => panic!("{near} and {far} are of different versions"),
    }
}
