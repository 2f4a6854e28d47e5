//! A handful of frames, and what becomes of them under [`policy`].

use std::net::Ipv4Addr;

use port12_common::{
    Outcome, Transport,
    abi::{Action, Gate, Policy},
};

/// A frame and its outcome.
pub struct Case {
    pub name: &'static str,
    pub frame: Vec<u8>,
    pub outcome: Outcome,
}

/// Port 12 is watched, port 13 is not, port 81 drops whatever starts a conversation.
pub fn policy() -> Policy {
    let mut policy = Policy::EMPTY;
    policy.gate = Gate::OPEN;
    for transport in Transport::ALL {
        policy.set(transport, 12, Action::Watch.into());
        policy.set(transport, 81, Action::Drop { enforce: true }.into());
    }
    policy
}

/// A SYN to port 12: a probe.
pub fn syn() -> Vec<u8> {
    ethernet(&[], 0x0800, &ipv4(6, &tcp(12, 0x02)))
}

/// A SYN to an address, with VLAN tags.
pub fn syn_to(address: Ipv4Addr, port: u16, vlans: &[u16]) -> Vec<u8> {
    let mut packet = ipv4(6, &tcp(port, 0x02));
    packet[16..20].copy_from_slice(&address.octets());
    let mut frame = ethernet(&[], 0x0800, &packet);
    for vlan in vlans.iter().rev() {
        let [high, low] = vlan.to_be_bytes();
        frame.splice(12..12, [0x81, 0, high, low]);
    }
    frame
}

/// A segment to a port that is not watched.
pub fn high_port() -> Vec<u8> {
    ethernet(&[], 0x0800, &ipv4(6, &tcp(8080, 0x10)))
}

/// A later fragment, from the source of [`syn`].
pub fn later_fragment() -> Vec<u8> {
    let mut packet = ipv4(6, &[0; 8]);
    packet[7] = 1;
    ethernet(&[], 0x0800, &packet)
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let case = |name, frame, outcome| Case { name, frame, outcome };
    let v4 = |transport: &[u8]| ethernet(&[], 0x0800, &ipv4(6, transport));
    let v6 = |transport: &[u8]| ethernet(&[], 0x86dd, &ipv6(6, transport));
    let tags = [0x8100; 4];
    vec![
        case("arp", ethernet(&[], 0x0806, &[0; 28]), Outcome::NotIp),
        case("v4_syn_watched", syn(), Outcome::Probe),
        case("v4_syn_dropped", v4(&tcp(81, 0x02)), Outcome::Dropped),
        case("v4_syn_assigned", v4(&tcp(13, 0x02)), Outcome::Assigned),
        case("v4_syn_high_port", v4(&tcp(8080, 0x02)), Outcome::HighPort),
        case("v4_syn_ack", v4(&tcp(12, 0x12)), Outcome::Reply),
        case("v4_tcp_truncated", v4(&tcp(12, 0x02)[..12]), Outcome::Malformed),
        case("v4_udp", ethernet(&[], 0x0800, &ipv4(17, &udp(12))), Outcome::Probe),
        case("v4_four_tags", ethernet(&tags, 0x0800, &ipv4(6, &tcp(12, 2))), Outcome::Probe),
        case("v6_syn_watched", v6(&tcp(12, 0x02)), Outcome::Probe),
        case("v6_syn_dropped", v6(&tcp(81, 0x02)), Outcome::Dropped),
        case("v6_udp", ethernet(&[], 0x86dd, &ipv6(17, &udp(12))), Outcome::Probe),
        case(
            "v4_five_tags",
            ethernet(&[0x8100; 5], 0x0800, &ipv4(6, &tcp(81, 2))),
            Outcome::TooDeep,
        ),
        case("v6_twelve_extensions", extended(12), Outcome::Probe),
        case("v6_thirteen_extensions", extended(13), Outcome::TooDeep),
        case("v6_four_tags_twelve_extensions", tagged_and_extended(), Outcome::Probe),
    ]
}

fn extended(headers: usize) -> Vec<u8> {
    ethernet(&[], 0x86dd, &ipv6(60, &extensions(headers, &tcp(12, 0x02))))
}

fn tagged_and_extended() -> Vec<u8> {
    ethernet(&[0x88a8, 0x8100, 0x8100, 0x8100], 0x86dd, &ipv6(60, &extensions(12, &tcp(12, 0x02))))
}

fn ethernet(tags: &[u16], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    // Broadcast: a virtio-net device filters what is sent to other addresses.
    let mut frame = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 2];
    for tag in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend([0, 7]);
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(payload);
    packet
}

fn ipv6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([protocol, 64]);
    for last in [1, 2] {
        packet.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    packet.extend(payload);
    packet
}

/// Destination options before a TCP segment.
fn extensions(count: usize, segment: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    for header in 1..=count {
        let next = if header == count { 6 } else { 60 };
        // One PadN option fills the header (RFC 8200 section 4.2).
        payload.extend([next, 0, 1, 4, 0, 0, 0, 0]);
    }
    payload.extend(segment);
    payload
}

fn tcp(port: u16, flags: u8) -> Vec<u8> {
    let mut segment = 40_000_u16.to_be_bytes().to_vec();
    segment.extend(port.to_be_bytes());
    segment.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment
}

fn udp(port: u16) -> Vec<u8> {
    let mut datagram = 40_000_u16.to_be_bytes().to_vec();
    datagram.extend(port.to_be_bytes());
    datagram.extend([0, 12, 0, 0, 1, 2, 3, 4]);
    datagram
}
