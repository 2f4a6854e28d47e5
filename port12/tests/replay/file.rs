//! Captures made by hand, little endian.

use std::{io::Write as _, time::Duration};

use tempfile::NamedTempFile;

pub const ETHERNET: u16 = 1;
pub const RAW: u16 = 101;

/// A pcap file, with microseconds.
pub struct Pcap(pub Vec<u8>);

impl Pcap {
    pub fn new(link: u16) -> Self {
        Self(words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 0x4_0000, link.into()]))
    }

    pub fn frame(self, time: Duration, bytes: &[u8]) -> Self {
        self.cut(time, bytes, bytes.len())
    }

    /// A frame of which `snap` bytes were captured at most.
    pub fn cut(mut self, time: Duration, bytes: &[u8], snap: usize) -> Self {
        let captured = &bytes[..snap.min(bytes.len())];
        let seconds = u32::try_from(time.as_secs()).unwrap();
        let lengths = [captured.len() as u32, bytes.len() as u32];
        self.0.extend(words(&[seconds, time.subsec_micros(), lengths[0], lengths[1]]));
        self.0.extend(captured);
        self
    }
}

/// A pcapng file, with microseconds.
pub struct Pcapng(pub Vec<u8>);

impl Pcapng {
    /// A section whose interfaces are of these link types.
    pub fn new(links: &[u16]) -> Self {
        let mut file = Self(Vec::new());
        file.block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
        for &link in links {
            file.block(1, &words(&[link.into(), 0]));
        }
        file
    }

    pub fn frame(self, interface: u32, time: Duration, bytes: &[u8]) -> Self {
        self.cut(interface, time, bytes, bytes.len())
    }

    pub fn cut(mut self, interface: u32, time: Duration, bytes: &[u8], snap: usize) -> Self {
        self.enhanced(interface, time.as_micros() as u64, bytes, snap);
        self
    }

    /// A frame whose time is in microseconds, whatever they are.
    pub fn at(mut self, microseconds: u64, bytes: &[u8]) -> Self {
        self.enhanced(0, microseconds, bytes, bytes.len());
        self
    }

    /// A frame without a time, of the first interface.
    pub fn timeless(mut self, bytes: &[u8]) -> Self {
        self.block(3, &[&words(&[bytes.len() as u32]), bytes].concat());
        self
    }

    fn enhanced(&mut self, interface: u32, units: u64, bytes: &[u8], snap: usize) {
        let captured = &bytes[..snap.min(bytes.len())];
        let lengths = [captured.len() as u32, bytes.len() as u32];
        let fixed = words(&[interface, (units >> 32) as u32, units as u32, lengths[0], lengths[1]]);
        self.block(6, &[&fixed, captured].concat());
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let length = (padded + 12) as u32;
        self.0.extend(words(&[kind, length]));
        self.0.extend(body);
        self.0.resize(self.0.len() + padded - body.len(), 0);
        self.0.extend(words(&[length]));
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A file that goes with the test.
pub fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::with_prefix("p12d-").unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// An Ethernet frame with a SYN from 198.51.100.7 to a port of 10.12.0.2.
pub fn syn(port: u16) -> Vec<u8> {
    segment(6, port, &[0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 4, 0, 0, 0, 0, 0])
}

/// An Ethernet frame with a datagram from 198.51.100.7 to a port of 10.12.0.2.
pub fn datagram(port: u16) -> Vec<u8> {
    segment(17, port, &[0, 8, 0, 0])
}

fn segment(protocol: u8, port: u16, rest: &[u8]) -> Vec<u8> {
    let length = (24 + rest.len()) as u8;
    let ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    let ip = [0x45, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0, 198, 51, 100, 7, 10, 12, 0, 2];
    [&ethernet[..], &ip, &40_000_u16.to_be_bytes(), &port.to_be_bytes(), rest].concat()
}
