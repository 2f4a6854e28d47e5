//! IPv6 extension headers, and chains of them.

pub const HOP_BY_HOP: u8 = 0;
pub const ROUTING: u8 = 43;
pub const FRAGMENT: u8 = 44;
pub const AUTHENTICATION: u8 = 51;
pub const NO_NEXT_HEADER: u8 = 59;
pub const DESTINATION: u8 = 60;
pub const MOBILITY: u8 = 135;
pub const HIP: u8 = 139;
pub const SHIM6: u8 = 140;

/// The option that pads any number of bytes (RFC 8200 section 4.2).
const PAD_N: u8 = 1;
/// An experimental option that a host skips if it does not know it (RFC 4727 section 4).
const UNKNOWN: u8 = 0x1e;

/// An extension header; its first byte is filled in by the chain.
#[derive(Clone)]
pub struct Extension {
    /// Its protocol number.
    pub kind: u8,
    /// All of its bytes.
    pub body: Vec<u8>,
}

impl Extension {
    /// A header of options, padded to a multiple of eight bytes, `units` times eight bytes at least.
    pub fn options(kind: u8, options: &[u8], units: usize) -> Self {
        let mut body = vec![0, 0];
        body.extend(options);
        let length = body.len().next_multiple_of(8).max(units * 8);
        pad(&mut body, length);
        body[1] = (length / 8 - 1) as u8;
        Self { kind, body }
    }

    /// An empty header of eight bytes times `units`.
    pub fn padded(kind: u8, units: usize) -> Self {
        Self::options(kind, &[], units)
    }

    /// A routing header of a type with some addresses, of which `left` are left.
    pub fn routing(routing_type: u8, addresses: &[[u8; 16]], left: u8) -> Self {
        let mut body = vec![0, (addresses.len() * 2) as u8, routing_type, left, 0, 0, 0, 0];
        body.extend(addresses.concat());
        Self { kind: ROUTING, body }
    }

    /// A fragment header, with the offset in bytes.
    pub fn fragment(offset: usize, more: bool, identification: u16) -> Self {
        let [high, low] = (offset as u16 & 0xfff8 | u16::from(more)).to_be_bytes();
        // The upper half is odd in every byte: a mark that no padding has.
        let [third, fourth] = identification.to_be_bytes();
        Self { kind: FRAGMENT, body: vec![0, 0, high, low, 0xd1, 0x2e, third, fourth] }
    }

    /// An authentication header of 24 bytes (RFC 4302 section 2).
    pub fn authentication() -> Self {
        let mut body = vec![0; 24];
        body[1] = 4;
        body[7] = 1;
        body[11] = 1;
        Self { kind: AUTHENTICATION, body }
    }

    /// Any bytes as a header.
    pub fn raw(kind: u8, body: &[u8]) -> Self {
        Self { kind, body: body.to_vec() }
    }

    /// Headers before a payload of a protocol: the number of the first of them, and all bytes.
    pub fn chain(extensions: &[Self], protocol: u8, payload: &[u8]) -> (u8, Vec<u8>) {
        let mut bytes = payload.to_vec();
        let mut next = protocol;
        for extension in extensions.iter().rev() {
            let mut header = extension.body.clone();
            header[0] = next;
            header.extend(&bytes);
            (next, bytes) = (extension.kind, header);
        }
        (next, bytes)
    }
}

/// Pads options up to a length. Linux accepts seven bytes of padding in a row, and eight options of unknown types.
fn pad(body: &mut Vec<u8>, length: usize) {
    while length > body.len() {
        let left = length - body.len();
        let (option, size) = match left {
            1 => return body.push(0),
            2..8 => (PAD_N, left),
            _ => (UNKNOWN, left.min(257)),
        };
        body.extend([option, (size - 2) as u8]);
        body.resize(body.len() + size - 2, 0);
    }
}
