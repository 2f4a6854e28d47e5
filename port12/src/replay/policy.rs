//! Policy of a replay.

use std::collections::BTreeSet;

use ipnet::IpNet;
use port12_common::abi::{self, Prefix4, Prefix6};

use crate::{
    config::{Compiled, Config},
    kernel::{banning::Terms, state::Expected},
};

/// Policy of a replay: rules, allowlist and bans.
pub struct ReplayPolicy {
    /// Rules of the ports, and the mode.
    pub rules: Box<abi::Policy>,
    /// Sources that are never dropped.
    pub allow: BTreeSet<IpNet>,
    /// Terms of bans.
    pub ban: Option<Terms>,
    /// Ports on which a listener is expected.
    pub expected: Expected,
}

impl From<Box<abi::Policy>> for ReplayPolicy {
    fn from(rules: Box<abi::Policy>) -> Self {
        Self { rules, allow: BTreeSet::new(), ban: None, expected: Expected::NONE }
    }
}

impl ReplayPolicy {
    /// Policy of a configuration.
    pub fn new(config: &Config, compiled: Compiled) -> Self {
        Self {
            rules: compiled.policy,
            allow: config.allow.value.clone(),
            ban: config.ban.value,
            expected: Expected::of(&compiled.expected),
        }
    }

    /// The allowlist, for the classifier.
    pub(super) fn prefixes(&self) -> (Vec<Prefix4>, Vec<Prefix6>) {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for net in &self.allow {
            match net {
                IpNet::V4(net) => v4.push(Prefix4 {
                    network_be: u32::from_ne_bytes(net.network().octets()),
                    mask_be: u32::from_ne_bytes(net.netmask().octets()),
                }),
                IpNet::V6(net) => v6.push(Prefix6 {
                    network_be: words(net.network().octets()),
                    mask_be: words(net.netmask().octets()),
                }),
            }
        }
        (v4, v6)
    }
}

/// The words of an address, network byte order.
fn words(octets: [u8; 16]) -> [u32; 4] {
    let (words, _) = octets.as_chunks::<4>();
    std::array::from_fn(|index| u32::from_ne_bytes(words[index]))
}
