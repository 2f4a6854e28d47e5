//! A capture of the frames (draft-ietf-opsawg-pcapng): a section, a block for each interface and
//! link layer, a block for each frame. All numbers are little endian.

mod block;

use std::sync::Arc;

use port12_common::{Layer, Verdict};

use block::Block;

use super::Format;
use crate::{
    capture::{MAX_CAPTURED_LENGTH, MAX_ORIGINAL_LENGTH},
    model::event::{Probe, Record},
    text::time,
};

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_FLAGS: u16 = 2;
const EPB_VERDICT: u16 = 7;

/// `LINKTYPE_ETHERNET` and `LINKTYPE_RAW` (tcpdump.org/linktypes.html).
const LINK_TYPES: (u16, u16) = (1, 101);

/// Times are in units of ten to this power below a second.
const NANOSECONDS: u8 = 9;

/// In `epb_flags`, the frame was received.
const INBOUND: u32 = 1;

/// In `epb_verdict`, what follows is the verdict of an XDP program.
const XDP: u8 = 2;

/// `XDP_DROP` and `XDP_PASS` of Linux's `enum xdp_action`.
const XDP_ACTIONS: (u64, u64) = (1, 2);

/// Interfaces of a section. Names may come and go; readers keep those of a section only.
const INTERFACES: usize = 256;

#[derive(Default)]
pub(super) struct Pcapng {
    /// Those that have a block in this section.
    interfaces: Vec<(Arc<str>, Layer)>,
}

impl Pcapng {
    /// The number of the interface; describes it where it has none.
    fn interface(&mut self, event: &Probe, out: &mut Vec<u8>) -> usize {
        let is_it =
            |(name, layer): &(Arc<str>, Layer)| *name == event.interface && *layer == event.layer;
        if let Some(number) = self.interfaces.iter().position(is_it) {
            return number;
        }
        if self.interfaces.len() == INTERFACES {
            self.begin(out);
        }
        let link = match event.layer {
            Layer::Ethernet => LINK_TYPES.0,
            Layer::Ip => LINK_TYPES.1,
        };
        Block::new(INTERFACE)
            .u16(link)
            .u16(0)
            // No limit on what is captured of a frame.
            .u32(0)
            .text(IF_NAME, &event.interface)
            .option(IF_TSRESOL, &[NANOSECONDS])
            .end(out);
        self.interfaces.push((Arc::clone(&event.interface), event.layer));
        self.interfaces.len() - 1
    }
}

impl Format for Pcapng {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.interfaces.clear();
        Block::new(SECTION)
            .u32(BYTE_ORDER_MAGIC)
            .u16(1)
            .u16(0)
            // The length of the section is not known before it ends.
            .u64(u64::MAX)
            .option(SHB_USERAPPL, concat!("port12 ", env!("CARGO_PKG_VERSION")).as_bytes())
            .end(out);
    }

    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let Some(event) = record.event.probe() else {
            return;
        };
        let number = self.interface(event, out);
        let since = time::since_epoch(event.time).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        let frame = &event.frame[..event.frame.len().min(MAX_CAPTURED_LENGTH)];
        let length = (event.length as usize).clamp(frame.len(), MAX_ORIGINAL_LENGTH);
        Block::new(ENHANCED_PACKET)
            .u32(number as u32)
            .u32((since >> 32) as u32)
            .u32(since as u32)
            .u32(frame.len() as u32)
            .u32(length as u32)
            .bytes(frame)
            .text(OPT_COMMENT, &comment(event, record.identity.record_id.as_deref()))
            .option(EPB_FLAGS, &INBOUND.to_le_bytes())
            .option(EPB_VERDICT, &verdict(event))
            .end(out);
    }
}

fn comment(event: &Probe, id: Option<&str>) -> String {
    let id = id.map(|id| format!(", record {id}")).unwrap_or_default();
    format!(
        "port12: {} {}/{} {}, {}, from {}{id}, on {}",
        if event.is_dropped() { "dropped" } else { "passed" },
        event.transport,
        event.port,
        match event.is_first {
            true => "first touch",
            false => "again",
        },
        event.shape,
        event.source,
        event.interface,
    )
}

fn verdict(event: &Probe) -> [u8; 9] {
    let action = match event.outcome.verdict() {
        Verdict::Drop => XDP_ACTIONS.0,
        Verdict::Pass => XDP_ACTIONS.1,
    };
    let mut value = [XDP; 9];
    value[1..].copy_from_slice(&action.to_le_bytes());
    value
}

#[cfg(test)]
mod tests;
