//! What is dressed: a TCP SYN, a UDP or UDP-Lite datagram, or an SCTP INIT.

use std::net::IpAddr;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const URG: u8 = 0x20;

/// A transport.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    Tcp,
    Udp,
    UdpLite,
    Sctp,
}

impl Transport {
    /// The IP protocol number.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::UdpLite => 136,
            Self::Sctp => 132,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UdpLite => "udplite",
            Self::Sctp => "sctp",
        }
    }
}

/// The fields of a segment. Those of other transports than its own are ignored.
#[derive(Clone)]
pub struct Segment {
    pub transport: Transport,
    pub source_port: u16,
    pub port: u16,
    pub sequence: u32,
    pub acknowledged: u32,
    pub flags: u8,
    /// The four bits behind the data offset.
    pub reserved: u8,
    pub window: u16,
    pub urgent: u16,
    pub options: Vec<u8>,
    /// The data offset in words, where it is not that of the options.
    pub offset: Option<u8>,
    /// The length of a datagram, or the coverage of a UDP-Lite one, where it is not that of the data.
    pub length: Option<u16>,
    /// The checksum, where it is not the right one.
    pub checksum: Option<u16>,
    pub data: Vec<u8>,
}

impl Segment {
    /// A plain SYN, a datagram of four bytes, or an INIT.
    pub fn new(transport: Transport, source_port: u16, port: u16) -> Self {
        let data = match transport {
            Transport::Tcp => Vec::new(),
            Transport::Udp | Transport::UdpLite => b"knob".to_vec(),
            Transport::Sctp => INIT.to_vec(),
        };
        Self {
            transport,
            source_port,
            port,
            sequence: 0x0c0c_0c0c,
            acknowledged: 0,
            flags: SYN,
            reserved: 0,
            window: 1024,
            urgent: 0,
            options: Vec::new(),
            offset: None,
            length: None,
            checksum: None,
            data,
        }
    }

    /// The bytes, with the checksum for these addresses.
    pub fn bytes(&self, source: IpAddr, destination: IpAddr) -> Vec<u8> {
        let mut bytes = [self.source_port.to_be_bytes(), self.port.to_be_bytes()].concat();
        let (at, covered) = match self.transport {
            Transport::Tcp => {
                bytes.extend(self.sequence.to_be_bytes());
                bytes.extend(self.acknowledged.to_be_bytes());
                let words = self.offset.unwrap_or(5 + (self.options.len() / 4) as u8);
                bytes.extend([words << 4 | self.reserved, self.flags]);
                bytes.extend(self.window.to_be_bytes());
                bytes.extend([0, 0]);
                bytes.extend(self.urgent.to_be_bytes());
                bytes.extend(&self.options);
                bytes.extend(&self.data);
                (16, bytes.len())
            }
            Transport::Udp | Transport::UdpLite => {
                let length = self.length.unwrap_or(8 + self.data.len() as u16);
                bytes.extend(length.to_be_bytes());
                bytes.extend([0, 0]);
                bytes.extend(&self.data);
                // A length of 0 covers everything (RFC 3828 section 3.1).
                let covered = if length == 0 { bytes.len() } else { usize::from(length) };
                (6, covered.min(bytes.len()))
            }
            Transport::Sctp => {
                bytes.extend([0; 8]);
                bytes.extend(&self.data);
                let checksum = crc32c(&bytes);
                bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
                return bytes;
            }
        };
        let checksum = self.checksum.unwrap_or_else(|| {
            let length = match self.transport {
                Transport::Tcp | Transport::UdpLite | Transport::Sctp => bytes.len(),
                Transport::Udp => covered,
            };
            let pseudo = pseudo_header(source, destination, self.transport.protocol(), length);
            match internet_checksum(&[&pseudo[..], &bytes[..covered]].concat()) {
                // Zero says that there is none (RFC 768).
                0 if self.transport != Transport::Tcp => 0xffff,
                sum => sum,
            }
        });
        bytes[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }
}

/// An INIT chunk (RFC 9260 section 3.3.2).
const INIT: [u8; 20] = [1, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 1];

/// The checksum of RFC 9260 appendix A.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let shift = |sum: u32| if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ POLYNOMIAL };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shift(sum)))
}

/// The pseudo-header of RFC 9293 section 3.1 and RFC 8200 section 8.1.
fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let [.., high, low] = length.to_be_bytes();
            let numbers = [0, protocol, high, low];
            [&source.octets()[..], &destination.octets()[..], &numbers[..]].concat()
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let length = (length as u32).to_be_bytes();
            let protocol = [0, 0, 0, protocol];
            [&source.octets()[..], &destination.octets()[..], &length[..], &protocol[..]].concat()
        }
        _ => panic!("{source} and {destination} are of different versions"),
    }
}

/// The checksum of RFC 1071.
pub fn internet_checksum(bytes: &[u8]) -> u16 {
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
