//! Mutations that know where a header field is, or would be if the frame were in order.

use port12_common::Layer;

use super::Random;

/// Destination ports that differ in what the policy says of them.
const PORTS: [u16; 22] = [
    0, 12, 12, 12, 14, 14, 22, 26, 28, 30, 30, 53, 80, 81, 443, 716, 717, 1008, 1022, 1023, 1024,
    0xffff,
];

/// Transports, extension headers, and neither.
const PROTOCOLS: [u8; 20] =
    [0, 1, 6, 17, 33, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 136, 139, 140, 253, 4];

const DESTINATIONS_V4: [[u8; 4]; 8] = [
    [10, 12, 0, 2],
    [10, 12, 0, 3],
    [0, 0, 0, 0],
    [127, 0, 0, 1],
    [128, 0, 0, 1],
    [224, 0, 0, 1],
    [240, 0, 0, 1],
    [255, 255, 255, 255],
];

/// Where the headers of a frame start.
#[derive(Clone, Copy)]
pub struct Place {
    pub network: usize,
    transport: usize,
    is_v6: bool,
}

impl Place {
    pub fn of(layer: Layer, bytes: &[u8]) -> Self {
        let mut network = 0;
        if layer == Layer::Ethernet {
            network = 14;
            while matches!(bytes.get(network - 2..network), Some([0x81, 0] | [0x88, 0xa8])) {
                network += 4;
            }
        }
        let first = bytes.get(network).copied().unwrap_or(0x45);
        let is_v6 = first >> 4 == 6;
        let transport = match is_v6 {
            true => network + 40,
            false => network + 4 * usize::from(first & 0xf),
        };
        Self { network, transport, is_v6 }
    }

    /// Where the length field of the IP header is.
    fn length(self) -> usize {
        self.network + if self.is_v6 { 4 } else { 2 }
    }

    /// Where the protocol or next-header field of the IP header is.
    fn protocol(self) -> usize {
        self.network + if self.is_v6 { 6 } else { 9 }
    }
}

/// Sets one field to a value that is likely to matter.
pub fn set(random: &mut Random, place: Place, bytes: &mut [u8]) {
    let Place { network, transport, is_v6 } = place;
    match random.below(12) {
        0 | 1 => {
            // Behind one extension header of 8 bytes, or behind none.
            let header = transport + random.pick(&[0, 0, 0, 8]);
            put(bytes, header + 2, &random.pick(&PORTS).to_be_bytes());
        }
        2 => put(bytes, transport + 13, &[random.byte()]),
        3 => put(bytes, transport + 12, &[random.byte()]),
        4 => put(bytes, network, &[random.pick(&[0x40, 0x60, 0]) | (random.byte() & 0xf)]),
        5 => put(bytes, network, &[random.byte()]),
        6 | 7 => {
            let rest = bytes.len().saturating_sub(network + if is_v6 { 40 } else { 0 });
            let length = [0, rest, random.below(64), rest.saturating_sub(random.below(40)), 65535];
            put(bytes, place.length(), &(random.pick(&length) as u16).to_be_bytes());
        }
        8 if is_v6 => put(bytes, transport + random.pick(&[1, 2, 3]), &[random.byte()]),
        8 => {
            let field = [0x2000, 0x4000, 0x8000, 0x3fff, 0x2001, 0x1000, random.below(65536)];
            put(bytes, network + 6, &(random.pick(&field) as u16).to_be_bytes());
        }
        9 => put(bytes, place.protocol(), &[random.pick(&PROTOCOLS)]),
        10 if is_v6 => {
            let first = random.pick(&[[0xfd, 0x12], [0xff, 0x02], [0xfe, 0x80], [0, 0]]);
            put(bytes, network + 24, &first);
        }
        10 => put(bytes, network + 16, &random.pick(&DESTINATIONS_V4)),
        // The chunk type of SCTP, the packet type of DCCP.
        _ => put(bytes, transport + random.pick(&[8, 12]), &[random.byte() & 0x1f]),
    }
}

pub fn insert_vlan_tag(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.len() >= 14 {
        let tag = [random.pick(&[0x8100u16, 0x88a8, 0x9100]), random.next() as u16];
        let tag: Vec<u8> = tag.into_iter().flat_map(u16::to_be_bytes).collect();
        bytes.splice(12..12, tag);
    }
}

/// Puts an extension header right behind an IPv6 header; most are in order.
pub fn insert_extension_header(random: &mut Random, place: Place, bytes: &mut Vec<u8>) {
    if !place.is_v6 || bytes.len() < place.transport {
        return;
    }
    let kind = random.pick(&[0, 43, 44, 44, 51, 60, 135, 139, 140]);
    let (length_field, length) = match (kind, random.below(3)) {
        (44, _) => (random.byte(), 8),
        (51, units) => (units as u8, (units + 2) * 4),
        (_, units) => (units as u8, (units + 1) * 8),
    };
    let mut header = vec![0; length];
    header[0] = bytes[place.protocol()];
    header[1] = length_field;
    if kind == 44 {
        header[3] = random.pick(&[0, 0, 1, 1, 6, 8, 9]);
    }
    bytes[place.protocol()] = kind;
    let at = place.length();
    let payload = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    if payload != 0 {
        put(bytes, at, &payload.wrapping_add(length as u16).to_be_bytes());
    }
    bytes.splice(place.transport..place.transport, header);
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(field) = bytes.get_mut(at..at + value.len()) {
        field.copy_from_slice(value);
    }
}
