//! One nf_tables rule: whether it sends a packet to another socket or host.
//!
//! Source translation counts as well as destination translation: a reply to a translated port
//! has no socket on that port.

use netlink_packet_core::DecodeError;
use port12_common::Version;

use crate::host::{
    forwarding::{
        rewrite::{Header, redirects},
        targets,
    },
    netlink::{attributes, text},
};

// linux/netfilter/nf_tables.h and nf_tables_compat.h.
pub(super) const NFTA_EXPR_NAME: u16 = 1;
pub(super) const NFTA_EXPR_DATA: u16 = 2;
pub(super) const NFTA_TARGET_NAME: u16 = 1;
pub(super) const NFTA_NAT_TYPE: u16 = 1;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_PAYLOAD_DREG: u16 = 1;
const NFTA_PAYLOAD_BASE: u16 = 2;
const NFTA_PAYLOAD_OFFSET: u16 = 3;
const NFTA_PAYLOAD_LEN: u16 = 4;
const NFTA_PAYLOAD_SREG: u16 = 5;
const NFTA_BITWISE_SREG: u16 = 1;
const NFTA_BITWISE_DREG: u16 = 2;
const NFTA_BITWISE_MASK: u16 = 4;
const NFTA_META_DREG: u16 = 1;
const NFTA_META_KEY: u16 = 2;
const NFTA_CMP_SREG: u16 = 1;
const NFTA_CMP_OP: u16 = 2;
const NFTA_CMP_DATA: u16 = 3;
const NFT_PAYLOAD_LL_HEADER: u32 = 0;
const NFT_PAYLOAD_NETWORK_HEADER: u32 = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER: u32 = 2;
const NFT_META_PROTOCOL: u32 = 1;
const NFT_META_NFPROTO: u32 = 15;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;

/// Where the EtherType is in a link-layer header, and behind a tag.
const ETHERTYPES: [u32; 2] = [12, 16];

/// Bytes of a link-layer header with one tag: nf_tables counts a tag that the driver has stripped.
const TAGGED: usize = 18;

/// Expressions that write to no register.
const MATCHES: [&str; 8] =
    ["cmp", "counter", "limit", "log", "range", "quota", "connlimit", "notrack"];

/// A part of a packet, and the bits of it that are kept as they were.
#[derive(Clone, Debug)]
struct Part {
    base: u32,
    offset: u32,
    length: u32,
    kept: Vec<u8>,
}

/// Contents of a register.
#[derive(Clone, Debug)]
enum Value {
    Part(Part),
    /// The IP version, as an EtherType or as a protocol family.
    Version,
}

/// Knowledge about a packet after the expressions so far.
#[derive(Default)]
struct Judge {
    version: Option<Version>,
    registers: Vec<(u32, Value)>,
}

/// The first statement of a rule that sends a packet elsewhere. `family` is the table's, `NFPROTO_*`.
pub(super) fn statement(family: u8, expressions: &[u8]) -> Result<Option<String>, DecodeError> {
    let mut judge = Judge { version: version(family), ..Judge::default() };
    for element in attributes(expressions) {
        let (mut name, mut data) = (String::new(), &[][..]);
        for attribute in attributes(element?.1) {
            match attribute? {
                (NFTA_EXPR_NAME, value) => name = text(value),
                (NFTA_EXPR_DATA, value) => data = value,
                _ => {}
            }
        }
        if let Some(statement) = judge.expression(&name, data)? {
            return Ok(Some(statement));
        }
    }
    Ok(None)
}

const fn version(family: u8) -> Option<Version> {
    match family {
        NFPROTO_IPV4 => Some(Version::V4),
        NFPROTO_IPV6 => Some(Version::V6),
        _ => None,
    }
}

impl Judge {
    fn expression(&mut self, name: &str, data: &[u8]) -> Result<Option<String>, DecodeError> {
        let statement = match name {
            "nat" => match find(data, NFTA_NAT_TYPE)? {
                Some([0, 0, 0, 0]) => "snat",
                _ => "dnat",
            },
            "masq" => "masquerade",
            "redir" => "redirect",
            "tproxy" | "fwd" | "dup" | "synproxy" => name,
            "flow_offload" => "flow add",
            "target" => {
                let target = find(data, NFTA_TARGET_NAME)?.map(text).unwrap_or_default();
                return Ok(targets::redirects(&target).then_some(target));
            }
            "payload" => return self.payload(data),
            "bitwise" => {
                self.bitwise(data)?;
                return Ok(None);
            }
            "meta" => {
                let is_version = |key| matches!(key, NFT_META_PROTOCOL | NFT_META_NFPROTO);
                if let (Some(register), Some(key)) =
                    (number(data, NFTA_META_DREG)?, number(data, NFTA_META_KEY)?)
                {
                    self.set(register, is_version(key).then_some(Value::Version));
                }
                return Ok(None);
            }
            "cmp" => {
                self.compare(data)?;
                return Ok(None);
            }
            _ if MATCHES.contains(&name) => return Ok(None),
            // It may write to any register.
            _ => {
                self.registers.clear();
                return Ok(None);
            }
        };
        Ok(Some(statement.to_owned()))
    }

    fn set(&mut self, register: u32, value: Option<Value>) {
        self.registers.retain(|(number, _)| *number != register);
        self.registers.extend(value.map(|value| (register, value)));
    }

    fn get(&self, register: u32) -> Option<&Value> {
        self.registers.iter().find(|(number, _)| *number == register).map(|(_, value)| value)
    }

    /// Takes a load in, or judges a write.
    fn payload(&mut self, data: &[u8]) -> Result<Option<String>, DecodeError> {
        let base = number(data, NFTA_PAYLOAD_BASE)?.unwrap_or(u32::MAX);
        let offset = number(data, NFTA_PAYLOAD_OFFSET)?.unwrap_or_default();
        let length = number(data, NFTA_PAYLOAD_LEN)?.unwrap_or_default();
        if let Some(register) = number(data, NFTA_PAYLOAD_DREG)? {
            let is_type =
                base == NFT_PAYLOAD_LL_HEADER && length == 2 && ETHERTYPES.contains(&offset);
            let part = Part { base, offset, length, kept: vec![u8::MAX; length as usize] };
            self.set(register, Some(if is_type { Value::Version } else { Value::Part(part) }));
            return Ok(None);
        }
        let Some(register) = number(data, NFTA_PAYLOAD_SREG)? else { return Ok(None) };
        let changed: Vec<u8> = match self.get(register) {
            Some(Value::Part(it)) if (it.base, it.offset, it.length) == (base, offset, length) => {
                it.kept.iter().map(|kept| !kept).collect()
            }
            _ => vec![u8::MAX; length as usize],
        };
        let header = match base {
            NFT_PAYLOAD_LL_HEADER => Header::Link { length: TAGGED },
            NFT_PAYLOAD_NETWORK_HEADER => Header::Ip(self.version),
            NFT_PAYLOAD_TRANSPORT_HEADER => Header::Transport,
            // The packet in a tunnel comes out of it on another device.
            _ => return Ok(None),
        };
        let what = match header {
            Header::Transport => "rewriting of ports",
            Header::Link { .. } | Header::Ip(_) => "rewriting of addresses",
        };
        Ok(redirects(header, offset as usize, &changed).then(|| what.to_owned()))
    }

    /// A mask keeps the bits that it has.
    fn bitwise(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let (Some(from), Some(to)) =
            (number(data, NFTA_BITWISE_SREG)?, number(data, NFTA_BITWISE_DREG)?)
        else {
            return Ok(());
        };
        let mask = match find(data, NFTA_BITWISE_MASK)? {
            Some(mask) => find(mask, NFTA_DATA_VALUE)?,
            None => None,
        };
        let masked = match (self.get(from), mask) {
            (Some(Value::Part(part)), Some(mask)) if mask.len() == part.kept.len() => {
                let kept = part.kept.iter().zip(mask).map(|(kept, mask)| kept & mask).collect();
                Some(Value::Part(Part { kept, ..part.clone() }))
            }
            _ => None,
        };
        self.set(to, masked);
        Ok(())
    }

    /// A comparison with an EtherType or a protocol family names the IP version.
    fn compare(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let Some(register) = number(data, NFTA_CMP_SREG)? else { return Ok(()) };
        let is_equal = number(data, NFTA_CMP_OP)? == Some(0);
        let value = match find(data, NFTA_CMP_DATA)? {
            Some(value) => find(value, NFTA_DATA_VALUE)?,
            None => None,
        };
        if let (true, Some(Value::Version), Some(value)) = (is_equal, self.get(register), value) {
            self.version = match value {
                [family] => version(*family),
                [0x08, 0x00] => Some(Version::V4),
                [0x86, 0xdd] => Some(Version::V6),
                _ => None,
            };
        }
        Ok(())
    }
}

/// An attribute of 32 bits in network byte order.
fn number(data: &[u8], wanted: u16) -> Result<Option<u32>, DecodeError> {
    Ok(find(data, wanted)?.and_then(|value| value.first_chunk().copied()).map(u32::from_be_bytes))
}

fn find(data: &[u8], wanted: u16) -> Result<Option<&[u8]>, DecodeError> {
    for attribute in attributes(data) {
        let (kind, value) = attribute?;
        if kind == wanted {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
