//! Datagrams that look like the answer of a server.
//!
//! A late answer finds its socket gone, and a reflected flood never had one. Either comes from the port of a service,
//! which proves nothing (`nmap -g 53`), so its payload has to be an answer of that service too.

/// Bytes of an NTP packet without extensions (RFC 5905 section 7.3).
const NTP_PACKET: u32 = 48;

/// Bytes of a RADIUS header (RFC 2865 section 3).
const RADIUS_HEADER: u32 = 20;

/// The first twelve bytes of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// Eight bytes, the first the most significant.
    pub head: u64,
    /// Four bytes.
    pub tail: u32,
}

impl Beginning {
    /// Of words in network byte order.
    #[inline(always)]
    pub fn of(words: [u16; 6]) -> Self {
        let [a, b, c, d, e, f] = words.map(u16::from_be);
        let head = u64::from(a) << 48 | u64::from(b) << 32 | u64::from(c) << 16 | u64::from(d);
        Self { head, tail: u32::from(e) << 16 | u32::from(f) }
    }
}

/// Whether a UDP payload of some length looks like the answer of a server: DNS, NTP, SSDP, SNMP, RADIUS or ONC RPC. A
/// payload that is shorter than its [`Beginning`] does not.
#[inline(always)]
pub fn is_answer(source_port: u16, beginning: Beginning, length: usize) -> bool {
    let (Beginning { head, tail }, length) = (beginning, length as u32);
    let byte = |index: u32| (head >> (56 - 8 * index)) as u8;
    match source_port {
        // DNS, NetBIOS names (RFC 1002 section 4.2.1), mDNS and LLMNR have the same header, with the QR bit.
        53 | 137 | 5353 | 5355 => byte(2) & 0x80 != 0,
        // A server's answer to a client or a peer, a broadcast, or an answer to `ntpq` (RFC 9327) or `ntpdc`.
        123 => match byte(0) & 7 {
            2 | 4 | 5 => length >= NTP_PACKET,
            6 => byte(1) & 0x80 != 0,
            7 => byte(0) & 0x80 != 0,
            _ => false,
        },
        161 => is_snmp(head),
        1645 | 1646 | 1812 | 1813 | 3799 => {
            is_radius(byte(0)) && length >= RADIUS_HEADER && (head >> 32) as u16 == length as u16
        }
        // SSDP: `HTTP/1.1 200`.
        1900 => head == u64::from_be_bytes(*b"HTTP/1.1") && tail == u32::from_be_bytes(*b" 200"),
        // An ONC RPC reply (RFC 5531 section 9), from whatever port the service has. Its clients bind to
        // well-known ports, unassigned ones among them.
        _ => head as u32 == 1 && tail <= 1,
    }
}

/// A message of an agent: a sequence that begins with its version (RFC 3416 section 3, RFC 3412 section 6). The length of
/// the sequence is in one to three bytes.
#[inline(always)]
const fn is_snmp(head: u64) -> bool {
    const SEQUENCE: u8 = 0x30;
    // An integer of one byte.
    const INTEGER: u32 = 0x0201;
    if (head >> 56) as u8 != SEQUENCE {
        return false;
    }
    let version = match (head >> 48) as u8 {
        ..=0x7f => head >> 24,
        0x81 => head >> 16,
        0x82 => head >> 8,
        _ => return false,
    } as u32
        & 0xff_ffff;
    version >> 8 == INTEGER && version as u8 <= 3
}

/// The code of an answer: accept, reject, accounting response, challenge; of dynamic authorization, ACK and NAK
/// (RFC 2865 section 4, RFC 2866, RFC 5176).
#[inline(always)]
const fn is_radius(code: u8) -> bool {
    matches!(code, 2 | 3 | 5 | 11 | 41 | 42 | 44 | 45)
}
