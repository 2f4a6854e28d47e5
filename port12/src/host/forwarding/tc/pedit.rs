//! The action `pedit`: which bits of which header it writes.

use netlink_packet_core::DecodeError;
use port12_common::Version;

use crate::host::{
    forwarding::rewrite::{self, Header},
    netlink::{attributes, number},
};

// linux/tc_act/tc_pedit.h.
const TCA_PEDIT_PARMS: u16 = 2;
const TCA_PEDIT_PARMS_EX: u16 = 4;
const TCA_PEDIT_KEYS_EX: u16 = 5;
const TCA_PEDIT_KEY_EX_HTYPE: u16 = 1;

// `enum pedit_header_type`.
const NETWORK: u16 = 0;
const ETHERNET: u16 = 1;
const IP4: u16 = 2;
const IP6: u16 = 3;

/// Bytes of an Ethernet header without tags.
const ETHERNET_LENGTH: usize = 14;

/// Where the keys begin in `struct tc_pedit_sel`, behind their number, and the size of each.
const COUNT: usize = 20;
const KEYS: usize = 24;
const KEY: usize = 24;

/// Whether some key changes addresses, ports or the protocol. `version` is what the filter selects.
pub(super) fn redirects(options: &[u8], version: Option<Version>) -> Result<bool, DecodeError> {
    let (mut keys, mut kinds) = (&[][..], Vec::new());
    for option in attributes(options) {
        match option? {
            (TCA_PEDIT_PARMS | TCA_PEDIT_PARMS_EX, value) => keys = value,
            (TCA_PEDIT_KEYS_EX, value) => {
                for key in attributes(value) {
                    kinds.push(kind(key?.1)?);
                }
            }
            _ => {}
        }
    }
    let count = keys.get(COUNT).copied().unwrap_or_default();
    for index in 0..usize::from(count) {
        let at = KEYS + KEY * index;
        let key = keys.get(at..at + KEY).unwrap_or_default();
        let kind = kinds.get(index).copied().unwrap_or(NETWORK);
        if is_key(key, kind, version)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn kind(key: &[u8]) -> Result<u16, DecodeError> {
    for attribute in attributes(key) {
        if let (TCA_PEDIT_KEY_EX_HTYPE, value) = attribute? {
            return Ok(value.first_chunk().copied().map_or(NETWORK, u16::from_ne_bytes));
        }
    }
    Ok(NETWORK)
}

/// `struct tc_pedit_key`: the bits that are kept, a value, an offset, and how to add what the packet says to it.
fn is_key(key: &[u8], kind: u16, version: Option<Version>) -> Result<bool, DecodeError> {
    let word = |at: usize| number(key.get(4 * at..4 * at + 4).unwrap_or_default());
    let (kept, offset, offset_mask) = (word(0)?, word(2)?, word(4)?);
    if offset_mask != 0 {
        return Ok(true);
    }
    let header = match kind {
        NETWORK => Header::Ip(version),
        ETHERNET => Header::Link { length: ETHERNET_LENGTH },
        IP4 => Header::Ip(Some(Version::V4)),
        IP6 => Header::Ip(Some(Version::V6)),
        _ => Header::Transport,
    };
    // Bytes before a header are of the one below.
    let Ok(offset) = usize::try_from(offset.cast_signed()) else {
        return Ok(header == Header::Transport);
    };
    Ok(rewrite::redirects(header, offset, &(!kept).to_ne_bytes()))
}
