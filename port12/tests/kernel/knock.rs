//! Frames that start a conversation on loopback.

use std::net::SocketAddr;

use etherparse::PacketBuilder;
use port12_common::Transport;

/// Where the knocks of these tests come from.
pub const SOURCE_PORT: u16 = 40_000;

/// A TCP SYN, a datagram, an SCTP INIT or a DCCP Request from one address to another.
pub fn knock(transport: Transport, source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let ip = match (source, destination) {
        (SocketAddr::V4(source), SocketAddr::V4(destination)) => {
            ethernet.ipv4(source.ip().octets(), destination.ip().octets(), 64)
        }
        (SocketAddr::V6(source), SocketAddr::V6(destination)) => {
            ethernet.ipv6(source.ip().octets(), destination.ip().octets(), 64)
        }
        _ => panic!("{source} and {destination} are of two families"),
    };
    let (from, to) = (source.port(), destination.port());
    let mut frame = Vec::new();
    match transport {
        Transport::Tcp => ip.tcp(from, to, 1, 1024).syn().write(&mut frame, &[]),
        Transport::Udp => ip.udp(from, to).write(&mut frame, b"hello"),
        Transport::UdpLite | Transport::Sctp | Transport::Dccp => {
            let segment = segment(transport, from, to);
            ip.write(&mut frame, transport.protocol().into(), &segment)
        }
    }
    .expect("a frame can be written to a vector");
    frame
}

/// The first 20 bytes of what `etherparse` cannot write.
fn segment(transport: Transport, from: u16, to: u16) -> Vec<u8> {
    let mut segment: Vec<u8> = [from, to].into_iter().flat_map(u16::to_be_bytes).collect();
    segment.resize(20, 0);
    if transport == Transport::Sctp {
        // The chunk type INIT.
        segment[12] = 1;
    }
    segment
}
