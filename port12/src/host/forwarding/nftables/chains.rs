//! Base chains that see the packets of single devices: those at ingress and egress.

use netlink_packet_core::DecodeError;

use super::{HEADER, Rule, family, list};
use crate::host::{
    HostError,
    netlink::{attributes, behind, text},
};

// linux/netfilter/nf_tables.h.
const NFT_MSG_GETCHAIN: u16 = 4;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_HOOK_DEV: u16 = 3;
const NFTA_HOOK_DEVS: u16 = 4;
const NFTA_DEVICE_NAME: u16 = 1;
/// The beginning of names (kernel 6.17).
const NFTA_DEVICE_PREFIX: u16 = 2;

/// Devices of a chain, by their names or the beginnings of their names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Chain {
    family: &'static str,
    table: String,
    name: String,
    devices: Vec<String>,
    prefixes: Vec<String>,
}

impl Chain {
    /// Whether a rule is in the chain.
    pub(super) fn has(&self, rule: &Rule) -> bool {
        (self.family, &self.table, &self.name) == (rule.family, &rule.table, &rule.chain)
    }

    /// Whether the chain sees packets of some interfaces.
    pub(super) fn sees_any(&self, interfaces: &[&str]) -> bool {
        interfaces.iter().any(|name| {
            let is_named = self.devices.iter().any(|device| device == name);
            is_named || self.prefixes.iter().any(|prefix| name.starts_with(&**prefix))
        })
    }
}

/// The base chains of single devices.
pub(super) fn of_devices() -> Result<Vec<Chain>, HostError> {
    list(NFT_MSG_GETCHAIN, "nf_tables chains", read)
}

fn read(message: &[u8]) -> Result<Option<Chain>, DecodeError> {
    let number = message.first().copied().unwrap_or_default();
    let mut chain = Chain { family: family(number), ..Chain::default() };
    for attribute in attributes(behind(message, HEADER)?) {
        match attribute? {
            (NFTA_CHAIN_TABLE, value) => chain.table = text(value),
            (NFTA_CHAIN_NAME, value) => chain.name = text(value),
            (NFTA_CHAIN_HOOK, value) => hook(value, &mut chain)?,
            _ => {}
        }
    }
    let is_of_devices = !chain.devices.is_empty() || !chain.prefixes.is_empty();
    Ok(is_of_devices.then_some(chain))
}

fn hook(value: &[u8], chain: &mut Chain) -> Result<(), DecodeError> {
    for attribute in attributes(value) {
        match attribute? {
            (NFTA_HOOK_DEV, value) => chain.devices.push(text(value)),
            (NFTA_HOOK_DEVS, value) => {
                for device in attributes(value) {
                    match device? {
                        (NFTA_DEVICE_NAME, value) => chain.devices.push(text(value)),
                        (NFTA_DEVICE_PREFIX, value) => chain.prefixes.push(text(value)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
