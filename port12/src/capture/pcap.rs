//! The records of a pcap file (draft-ietf-opsawg-pcap).

use std::time::Duration;

use pcap_parser::{PcapHeader, parse_pcap_header};

use super::{
    LinkType,
    error::Corruption,
    record::{Record, Stop, lengths},
    source::Source,
};

/// The length of the file header in bytes.
pub(super) const FILE_HEADER: usize = 24;

/// A file whose header was read.
pub(super) struct Pcap {
    header: PcapHeader,
}

impl Pcap {
    /// The file whose header is at the start of `window`, or `None` where there is none.
    pub(super) fn new(window: &[u8]) -> Option<Self> {
        let (_, header) = parse_pcap_header(window).ok()?;
        Some(Self { header })
    }

    pub(super) fn link(&self) -> LinkType {
        LinkType::from_pcap(self.header.network.0.cast_unsigned())
    }

    /// Reads one record. It stays in the window.
    pub(super) fn next(&self, source: &mut Source) -> Result<Record, Stop> {
        let header = self.record_header();
        if !source.fill(header)? {
            return Err(if source.window().is_empty() { Stop::Complete } else { Stop::Truncated });
        }
        if source.window()[..header].iter().all(|&byte| byte == 0) {
            return Err(Corruption::Zeros.into());
        }
        let seconds = self.field(source.window(), 0);
        let fraction = self.field(source.window(), 4);
        let (captured, original_length) =
            lengths(self.field(source.window(), 8), self.field(source.window(), 12))?;
        if !source.fill(header + captured)? {
            return Err(Stop::Truncated);
        }
        let fraction = match self.header.is_nanosecond_precision() {
            true => Duration::from_nanos(fraction.into()),
            false => Duration::from_micros(fraction.into()),
        };
        Ok(Record {
            timestamp: Some(Duration::from_secs(seconds.into()) + fraction),
            link: self.link(),
            captured: header..header + captured,
            original_length,
            interface: 0,
            length: header + captured,
        })
    }

    /// Kuznetzov's format adds an interface, a protocol and a packet type to each record.
    fn record_header(&self) -> usize {
        if self.header.is_modified_format() { 24 } else { 16 }
    }

    fn field(&self, window: &[u8], offset: usize) -> u32 {
        let bytes = window.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        match self.header.is_bigendian() {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    }
}
