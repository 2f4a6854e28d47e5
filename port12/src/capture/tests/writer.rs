//! Captures made by hand.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    pub(super) const BOTH: [Self; 2] = [Self::Little, Self::Big];

    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|&word| self.u32(word)).collect()
    }
}

pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;

pub(super) fn pcap(endian: Endian, magic: u32, link: u32) -> Vec<u8> {
    [&endian.u32(magic)[..], &endian.u16(2), &endian.u16(4), &endian.words(&[0, 0, 65535, link])]
        .concat()
}

pub(super) fn record(endian: Endian, time: [u32; 2], original: u32, bytes: &[u8]) -> Vec<u8> {
    let header = endian.words(&[time[0], time[1], bytes.len() as u32, original]);
    [&header, bytes].concat()
}

pub(super) fn block(endian: Endian, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
    let length = endian.u32((body.len() + padding.len() + 12) as u32);
    [&endian.u32(kind), &length, body, &padding, &length].concat()
}

pub(super) fn section(endian: Endian) -> Vec<u8> {
    let body = [&endian.u32(0x1a2b_3c4d)[..], &endian.u16(1), &endian.u16(0), &[0xff; 8]].concat();
    block(endian, 0x0a0d_0d0a, &body)
}

pub(super) fn option(endian: Endian, code: u16, value: &[u8]) -> Vec<u8> {
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    [&endian.u16(code)[..], &endian.u16(value.len() as u16), value, &padding].concat()
}

pub(super) fn interface(endian: Endian, link: u16, snap: u32, options: &[Vec<u8>]) -> Vec<u8> {
    let fixed = [&endian.u16(link)[..], &[0; 2], &endian.u32(snap)].concat();
    block(endian, 1, &[fixed, options.concat()].concat())
}

pub(super) fn enhanced(
    endian: Endian,
    interface: u32,
    units: u64,
    original: u32,
    bytes: &[u8],
) -> Vec<u8> {
    let (high, low) = ((units >> 32) as u32, units as u32);
    let fixed = endian.words(&[interface, high, low, bytes.len() as u32, original]);
    block(endian, 6, &[&fixed, bytes].concat())
}

pub(super) fn simple(endian: Endian, original: u32, bytes: &[u8]) -> Vec<u8> {
    block(endian, 3, &[&endian.u32(original), bytes].concat())
}

pub(super) fn obsolete(endian: Endian, interface: u16, units: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let fixed = endian.words(&[(units >> 32) as u32, units as u32, length, length]);
    block(endian, 2, &[&endian.u16(interface)[..], &[0xff; 2], &fixed, bytes].concat())
}
