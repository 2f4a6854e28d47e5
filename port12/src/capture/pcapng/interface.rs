//! Interface description blocks.

use pcap_parser::{
    OptionCode, parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
};

use super::{
    super::{LinkType, timestamp::Clock},
    Order,
};

/// A name is kept up to this length in bytes.
const MAX_NAME: usize = 256;

/// An interface that frames were captured on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in super::super) struct Interface {
    pub(in super::super) link: LinkType,
    pub(in super::super) name: Option<String>,
    pub(super) clock: Clock,
    /// Bytes captured of a frame at most; 0 where there is no limit.
    pub(super) snap_length: u32,
}

impl Interface {
    /// The interface that a whole block describes.
    pub(super) fn decode(block: &[u8], order: Order) -> Option<Self> {
        let parse = match order {
            Order::Little => parse_interfacedescriptionblock_le,
            Order::Big => parse_interfacedescriptionblock_be,
        };
        let (_, description) = parse(block).ok()?;
        let mut interface = Self {
            link: LinkType(u16::try_from(description.linktype.0).ok()?),
            name: None,
            clock: Clock::default(),
            snap_length: description.snaplen,
        };
        for option in &description.options {
            let Ok(value) = option.as_bytes() else { continue };
            if option.code == OptionCode::EndOfOpt {
                break;
            }
            interface.apply(option.code, value, order);
        }
        Some(interface)
    }

    /// The library's own reading of the two time options knows no powers of two, and little
    /// endian offsets only.
    fn apply(&mut self, code: OptionCode, value: &[u8], order: Order) {
        match (code, value) {
            (OptionCode::IfName, name) => {
                let name = &name[..name.len().min(MAX_NAME)];
                self.name = Some(String::from_utf8_lossy(name).into_owned());
            }
            (OptionCode::IfTsresol, &[resolution]) => self.clock.resolution = resolution,
            (OptionCode::IfTsoffset, value) => {
                let Ok(bytes) = value.try_into() else { return };
                self.clock.offset = match order {
                    Order::Little => i64::from_le_bytes(bytes),
                    Order::Big => i64::from_be_bytes(bytes),
                };
            }
            _ => {}
        }
    }
}
