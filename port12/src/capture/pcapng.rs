//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng).
//!
//! Blocks are delimited here, so that a block's length is checked before memory is spent on it,
//! and blocks that hold no frames are passed over whatever their size; `pcap-parser` decodes what
//! is in the others.

mod interface;
mod packet;

pub(super) use interface::Interface;

use super::{
    error::Corruption,
    record::{Record, Step, Stop},
    source::Source,
};

/// The type of a section header: the same in either byte order.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// The longest block that is held: a frame and its options, or an interface.
const MAX_BLOCK: u32 = 1 << 20;

/// Interfaces of one section that are kept.
const MAX_INTERFACES: usize = 1 << 16;

/// A file, as far as its blocks were read.
#[derive(Default)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    /// Section headers that were read.
    sections: u32,
}

/// The byte order of a section.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Order {
    #[default]
    Little,
    Big,
}

impl Order {
    fn u32(self, window: &[u8], offset: usize) -> u32 {
        let bytes = window.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u16(self, window: &[u8], offset: usize) -> u16 {
        let bytes = window.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

impl Pcapng {
    /// The section that is being read, from 0.
    pub(super) fn section(&self) -> u32 {
        self.sections.saturating_sub(1)
    }

    /// The interface of a number in the section that is being read.
    pub(super) fn interface(&self, number: u32) -> Option<&Interface> {
        self.interfaces.get(usize::try_from(number).ok()?)
    }

    /// Reads one block, and consumes it unless it holds a frame that is read.
    pub(super) fn next(&mut self, source: &mut Source) -> Result<Step, Stop> {
        if !source.fill(8)? {
            return Err(if source.window().is_empty() { Stop::Complete } else { Stop::Truncated });
        }
        match self.order.u32(source.window(), 0) {
            SECTION => self.enter_section(source),
            INTERFACE => self.describe(source),
            kind @ (OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) => self.frame(source, kind),
            _ => self.pass_over(source).map(|()| Step::Passed),
        }
    }

    fn enter_section(&mut self, source: &mut Source) -> Result<Step, Stop> {
        if !source.fill(12)? {
            return Err(Stop::Truncated);
        }
        self.order = match Order::Little.u32(source.window(), 8) {
            BYTE_ORDER_MAGIC => Order::Little,
            other if other.swap_bytes() == BYTE_ORDER_MAGIC => Order::Big,
            other => return Err(Corruption::ByteOrder(other).into()),
        };
        self.interfaces.clear();
        self.sections = self.sections.saturating_add(1);
        self.pass_over(source).map(|()| Step::Passed)
    }

    fn describe(&mut self, source: &mut Source) -> Result<Step, Stop> {
        let block = self.hold(source)?;
        let length = block.len();
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(Corruption::InterfaceCount(MAX_INTERFACES).into());
        }
        let interface =
            Interface::decode(block, self.order).ok_or(Corruption::Fields(INTERFACE))?;
        self.interfaces.push(interface);
        source.consume(length);
        Ok(Step::Passed)
    }

    fn frame(&self, source: &mut Source, kind: u32) -> Result<Step, Stop> {
        if !source.fill(12)? {
            return Err(Stop::Truncated);
        }
        let number = packet::interface(source.window(), kind, self.order);
        let interface = self.interface(number).ok_or(Corruption::Interface(number))?;
        if !interface.link.is_read() {
            self.pass_over(source)?;
            return Ok(Step::Refused(interface.link));
        }
        let block = self.hold(source)?;
        let packet = packet::decode(block, kind, self.order, interface.snap_length)?;
        Ok(Step::Frame(Record {
            timestamp: packet.units.and_then(|units| interface.clock.time(units)),
            link: interface.link,
            captured: packet.captured,
            original_length: packet.original_length,
            interface: number,
            length: block.len(),
        }))
    }

    /// The length of the block at the start of the window.
    fn length(&self, source: &Source) -> Result<u32, Corruption> {
        let length = self.order.u32(source.window(), 4);
        if length < 12 || !length.is_multiple_of(4) {
            return Err(Corruption::BlockLength(length));
        }
        Ok(length)
    }

    /// The block at the start of the window, whole.
    fn hold<'a>(&self, source: &'a mut Source) -> Result<&'a [u8], Stop> {
        let leading = self.length(source)?;
        if leading > MAX_BLOCK {
            return Err(Corruption::BlockLength(leading).into());
        }
        let length = leading as usize;
        if !source.fill(length)? {
            return Err(Stop::Truncated);
        }
        let block = &source.window()[..length];
        let trailing = self.order.u32(block, length - 4);
        if trailing != leading {
            return Err(Corruption::BlockLengths { leading, trailing }.into());
        }
        Ok(block)
    }

    /// Consumes the block at the start of the window, without holding it.
    fn pass_over(&self, source: &mut Source) -> Result<(), Stop> {
        let leading = self.length(source)?;
        if !source.skip(u64::from(leading) - 4)? || !source.fill(4)? {
            return Err(Stop::Truncated);
        }
        let trailing = self.order.u32(source.window(), 0);
        if trailing != leading {
            return Err(Corruption::BlockLengths { leading, trailing }.into());
        }
        source.consume(4);
        Ok(())
    }
}
