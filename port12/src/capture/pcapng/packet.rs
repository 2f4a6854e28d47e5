//! The three kinds of packet blocks.

use std::ops::Range;

use pcap_parser::{
    parse_enhancedpacketblock_be, parse_enhancedpacketblock_le, parse_simplepacketblock_be,
    parse_simplepacketblock_le,
};

use super::{
    super::{error::Corruption, record::lengths},
    ENHANCED_PACKET, OBSOLETE_PACKET, Order, SIMPLE_PACKET,
};

/// A frame in its block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Packet {
    /// The time in the interface's units.
    pub(super) units: Option<u64>,
    /// The captured bytes, within the block.
    pub(super) captured: Range<usize>,
    pub(super) original_length: usize,
}

/// The interface of the packet block whose first 12 bytes are in `window`.
pub(super) fn interface(window: &[u8], kind: u32, order: Order) -> u32 {
    match kind {
        ENHANCED_PACKET => order.u32(window, 8),
        OBSOLETE_PACKET => order.u16(window, 8).into(),
        // A simple packet is always one of the first interface.
        _ => 0,
    }
}

/// The frame of a whole packet block.
pub(super) fn decode(
    block: &[u8],
    kind: u32,
    order: Order,
    snap_length: u32,
) -> Result<Packet, Corruption> {
    match kind {
        ENHANCED_PACKET => enhanced(block, order),
        SIMPLE_PACKET => simple(block, order, snap_length),
        _ => obsolete(block, order),
    }
}

fn enhanced(block: &[u8], order: Order) -> Result<Packet, Corruption> {
    let parse = match order {
        Order::Little => parse_enhancedpacketblock_le,
        Order::Big => parse_enhancedpacketblock_be,
    };
    let (_, packet) = parse(block).map_err(|_| Corruption::Fields(ENHANCED_PACKET))?;
    let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
    place(block, 28, packet.caplen, packet.origlen, Some(units))
}

/// The captured length follows from the original length and the interface's limit.
fn simple(block: &[u8], order: Order, snap_length: u32) -> Result<Packet, Corruption> {
    let parse = match order {
        Order::Little => parse_simplepacketblock_le,
        Order::Big => parse_simplepacketblock_be,
    };
    let (_, packet) = parse(block).map_err(|_| Corruption::Fields(SIMPLE_PACKET))?;
    let limit = if snap_length == 0 { u32::MAX } else { snap_length };
    place(block, 12, packet.origlen.min(limit), packet.origlen, None)
}

/// Interface and drop count (2 each), time (8), captured and original length (4 each), the frame;
/// appendix A of the draft. `pcap-parser` does not know it.
fn obsolete(block: &[u8], order: Order) -> Result<Packet, Corruption> {
    if block.len() < 32 {
        return Err(Corruption::Fields(OBSOLETE_PACKET));
    }
    let units = u64::from(order.u32(block, 12)) << 32 | u64::from(order.u32(block, 16));
    place(block, 28, order.u32(block, 20), order.u32(block, 24), Some(units))
}

fn place(
    block: &[u8],
    offset: usize,
    captured: u32,
    original: u32,
    units: Option<u64>,
) -> Result<Packet, Corruption> {
    let (length, original_length) = lengths(captured, original)?;
    // The block's last four bytes are its length again.
    if offset + length + 4 > block.len() {
        return Err(Corruption::FrameBeyondBlock(captured));
    }
    Ok(Packet { units, captured: offset..offset + length, original_length })
}
