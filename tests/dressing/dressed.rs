//! A segment in everything that surrounds it, and the frames that it becomes.

use std::net::IpAddr;

use super::{
    chain::{Extension, FRAGMENT},
    segment::{Segment, internet_checksum},
};

pub const DOT1Q: u16 = 0x8100;
pub const DOT1AD: u16 = 0x88a8;

/// A VLAN tag.
#[derive(Clone, Copy)]
pub struct Tag {
    /// The EtherType that announces it.
    pub kind: u16,
    /// Priority, drop eligibility, and VLAN identifier.
    pub control: u16,
}

/// The fields of an IPv4 header.
#[derive(Clone, Default)]
pub struct Ipv4 {
    pub version: Option<u8>,
    /// In words, where it is not that of the options.
    pub header_length: Option<u8>,
    pub service: u8,
    pub total_length: Option<u16>,
    /// The three bits before the fragment offset, in the upper bits of a byte.
    pub flags: u8,
    pub time_to_live: Option<u8>,
    pub options: Vec<u8>,
    /// Options of the fragments behind the first one, where they are not its own.
    pub later_options: Option<Vec<u8>>,
    /// What is added to the right checksum.
    pub checksum_error: u16,
}

/// The fields of an IPv6 header.
#[derive(Clone, Default)]
pub struct Ipv6 {
    pub version: Option<u8>,
    pub class: u8,
    pub label: u32,
    pub payload_length: Option<u16>,
    pub hop_limit: Option<u8>,
    pub extensions: Vec<Extension>,
}

/// A fragment: the part of the payload that it holds, in bytes.
#[derive(Clone, Default)]
pub struct Cut {
    pub from: usize,
    pub to: usize,
    /// Whether more follow, where it is not what its end says.
    pub more: Option<bool>,
    /// Bytes that differ from the payload's, at offsets in the fragment.
    pub decoys: Vec<(usize, u8)>,
}

impl Cut {
    /// The part between two offsets.
    pub fn new(from: usize, to: usize) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// Everything from an offset on.
    pub fn rest(from: usize) -> Self {
        Self::new(from, usize::MAX)
    }
}

/// A segment on its way.
#[derive(Clone)]
pub struct Dressed {
    pub to_mac: [u8; 6],
    pub from_mac: [u8; 6],
    /// The outermost first.
    pub tags: Vec<Tag>,
    /// What stands in the place of the EtherType: a length field and this.
    pub logical_link: Option<Vec<u8>>,
    /// The EtherType, where it is not that of the version.
    pub ether_type: Option<u16>,
    pub source: IpAddr,
    pub destination: IpAddr,
    /// What identifies the fragments of a datagram.
    pub identification: u16,
    pub v4: Ipv4,
    pub v6: Ipv6,
    pub segment: Segment,
    /// The fragments, in the order in which they are sent; none where it is whole.
    pub cuts: Vec<Cut>,
    /// How many extension headers come before the fragment header.
    pub unfragmentable: usize,
    /// What follows the packet in its frame.
    pub trailer: Vec<u8>,
}

impl Dressed {
    /// Adds tags.
    pub fn tag(&mut self, kinds: &[u16], control: u16) {
        self.tags.extend(kinds.iter().map(|&kind| Tag { kind, control }));
    }

    /// Adds an extension header.
    pub fn extend(&mut self, extension: Extension) {
        self.v6.extensions.push(extension);
    }

    /// Cuts it at offsets of the payload.
    pub fn cut(&mut self, at: &[usize]) {
        let starts = std::iter::once(0).chain(at.iter().copied());
        let ends = at.iter().copied().chain([usize::MAX]);
        self.cuts = starts.zip(ends).map(|(from, to)| Cut::new(from, to)).collect();
    }

    /// The frames.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let segment = self.segment.bytes(self.source, self.destination);
        let protocol = self.segment.transport.protocol();
        let packets = match self.source {
            IpAddr::V4(_) => self.v4_packets(&segment, protocol),
            IpAddr::V6(_) => self.v6_packets(&segment, protocol),
        };
        packets.into_iter().map(|packet| self.framed(&packet)).collect()
    }

    /// Byte strings that a frame which starts the conversation contains, each by itself: ports, or the fragment header
    /// of a first fragment.
    pub fn marks(&self) -> Vec<Vec<u8>> {
        let mut first = self.cuts.iter().filter(|cut| cut.from == 0);
        if first.clone().count() > 1 && first.any(|cut| !cut.decoys.is_empty()) {
            // One of the two is a reply, which may pass.
            return Vec::new();
        }
        if self.source.is_ipv6() && !self.cuts.is_empty() {
            let first = |more| Extension::fragment(0, more, self.identification).body[2..].to_vec();
            return [false, true].map(first).into();
        }
        let (source, port) = (self.segment.source_port, self.segment.port);
        vec![[source.to_be_bytes(), port.to_be_bytes()].concat()]
    }

    fn framed(&self, packet: &[u8]) -> Vec<u8> {
        let of_version = if self.source.is_ipv4() { 0x0800 } else { 0x86dd };
        let mut frame = [self.to_mac, self.from_mac].concat();
        for tag in &self.tags {
            frame.extend(tag.kind.to_be_bytes());
            frame.extend(tag.control.to_be_bytes());
        }
        if let Some(header) = &self.logical_link {
            frame.extend(((header.len() + packet.len()) as u16).to_be_bytes());
            frame.extend(header);
        } else {
            frame.extend(self.ether_type.unwrap_or(of_version).to_be_bytes());
        }
        frame.extend(packet);
        frame.extend(&self.trailer);
        frame
    }

    fn v4_packets(&self, segment: &[u8], protocol: u8) -> Vec<Vec<u8>> {
        if self.cuts.is_empty() {
            return vec![self.v4_packet(protocol, (0, false), segment)];
        }
        let pieces = self.cuts.iter().map(|cut| cut.of(segment));
        pieces.map(|(place, bytes)| self.v4_packet(protocol, place, &bytes)).collect()
    }

    fn v4_packet(&self, protocol: u8, (offset, more): (usize, bool), payload: &[u8]) -> Vec<u8> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (self.source, self.destination) else {
            panic!("{} and {} are of different versions", self.source, self.destination);
        };
        let fields = &self.v4;
        let options = match &fields.later_options {
            Some(options) if offset > 0 => options,
            _ => &fields.options,
        };
        let length = 20 + options.len();
        let words = fields.header_length.unwrap_or((length / 4) as u8);
        let total = fields.total_length.unwrap_or((length + payload.len()) as u16);
        let place = (offset / 8) as u16 | u16::from(more) << 13 | u16::from(fields.flags) << 8;
        let mut header = vec![fields.version.unwrap_or(4) << 4 | words, fields.service];
        header.extend(total.to_be_bytes());
        header.extend(self.identification.to_be_bytes());
        header.extend(place.to_be_bytes());
        header.extend([fields.time_to_live.unwrap_or(64), protocol, 0, 0]);
        header.extend(source.octets());
        header.extend(destination.octets());
        header.extend(options);
        let covered = (usize::from(words) * 4).min(header.len());
        let checksum = internet_checksum(&header[..covered]).wrapping_add(fields.checksum_error);
        header[10..12].copy_from_slice(&checksum.to_be_bytes());
        header.extend(payload);
        header
    }

    fn v6_packets(&self, segment: &[u8], protocol: u8) -> Vec<Vec<u8>> {
        let (before, behind) = self.v6.extensions.split_at(self.unfragmentable);
        let (first, fragmentable) = Extension::chain(behind, protocol, segment);
        if self.cuts.is_empty() {
            let (first, payload) = Extension::chain(before, first, &fragmentable);
            return vec![self.v6_packet(first, &payload)];
        }
        let pieces = self.cuts.iter().map(|cut| cut.of(&fragmentable));
        let packets = pieces.map(|((offset, more), bytes)| {
            let mut header = Extension::fragment(offset, more, self.identification).body;
            header[0] = first;
            header.extend(bytes);
            let (first, payload) = Extension::chain(before, FRAGMENT, &header);
            self.v6_packet(first, &payload)
        });
        packets.collect()
    }

    fn v6_packet(&self, next: u8, payload: &[u8]) -> Vec<u8> {
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (self.source, self.destination) else {
            panic!("{} and {} are of different versions", self.source, self.destination);
        };
        let fields = &self.v6;
        let lead = u32::from(fields.version.unwrap_or(6)) << 28
            | u32::from(fields.class) << 20
            | fields.label;
        let length = fields.payload_length.unwrap_or(payload.len() as u16);
        let mut packet = lead.to_be_bytes().to_vec();
        packet.extend(length.to_be_bytes());
        packet.extend([next, fields.hop_limit.unwrap_or(64)]);
        packet.extend(source.octets());
        packet.extend(destination.octets());
        packet.extend(payload);
        packet
    }
}

impl Cut {
    /// The offset, whether more follow, and the bytes.
    fn of(&self, payload: &[u8]) -> ((usize, bool), Vec<u8>) {
        let to = self.to.min(payload.len());
        let mut bytes = payload.get(self.from..to).unwrap_or_default().to_vec();
        for &(at, value) in &self.decoys {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        ((self.from, self.more.unwrap_or(to < payload.len())), bytes)
    }
}
