//! The fewest prefixes that cover what a set of prefixes covers.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use crate::host::addresses::Prefix;

/// The prefixes, the widest first, without those that the kernel program always takes in. The
/// table has no element for a prefix of length 0: two halves stand for it.
pub(super) fn aggregate_v4(prefixes: &BTreeSet<Prefix<Ipv4Addr>>) -> Vec<Prefix<Ipv4Addr>> {
    let implied = [(Ipv4Addr::new(127, 0, 0, 0), 8), (Ipv4Addr::new(224, 0, 0, 0), 4)];
    let block = |network: Ipv4Addr, length| {
        Block { network: u128::from(network.to_bits()) << 96, length }.trimmed()
    };
    let implied = implied.map(|(network, length)| block(network, length));
    let blocks = prefixes.iter().map(|prefix| block(prefix.network, prefix.length));
    let network = |block: &Block| Ipv4Addr::from_bits((block.network >> 96) as u32);
    aggregate(blocks, &implied)
        .iter()
        .map(|block| Prefix { network: network(block), length: block.length })
        .collect()
}

/// As [`aggregate_v4`].
pub(super) fn aggregate_v6(prefixes: &BTreeSet<Prefix<Ipv6Addr>>) -> Vec<Prefix<Ipv6Addr>> {
    let implied = [Block { network: 0xff << 120, length: 8 }];
    let blocks = prefixes
        .iter()
        .map(|prefix| Block { network: prefix.network.to_bits(), length: prefix.length }.trimmed());
    aggregate(blocks, &implied)
        .iter()
        .map(|block| Prefix { network: Ipv6Addr::from_bits(block.network), length: block.length })
        .collect()
}

/// The mask of a prefix length, in the host's byte order.
pub(super) fn mask_v4(length: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0)
}

/// The mask of a prefix length, in the host's byte order.
pub(super) fn mask_v6(length: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(length.into())).unwrap_or(0)
}

/// A prefix of either family, its network at the top of the number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Block {
    network: u128,
    length: u8,
}

impl Block {
    fn trimmed(self) -> Self {
        Self { network: self.network & mask_v6(self.length), ..self }
    }

    fn covers(&self, other: &Self) -> bool {
        self.length <= other.length && other.network & mask_v6(self.length) == self.network
    }

    /// The block that consists of this one and the next, if there is one.
    fn joined(&self, next: &Self) -> Option<Self> {
        let parent = Self { length: self.length.checked_sub(1)?, ..*self }.trimmed();
        (self.length == next.length && self != next && parent.covers(next)).then_some(parent)
    }

    fn halves(&self) -> [Self; 2] {
        [Self { network: 0, length: 1 }, Self { network: 1 << 127, length: 1 }]
    }
}

fn aggregate(blocks: impl Iterator<Item = Block>, implied: &[Block]) -> Vec<Block> {
    let mut sorted: Vec<Block> =
        blocks.filter(|block| !implied.iter().any(|wide| wide.covers(block))).collect();
    sorted.sort_unstable();
    let mut merged: Vec<Block> = Vec::new();
    for block in sorted {
        if merged.last().is_some_and(|last| last.covers(&block)) {
            continue;
        }
        merged.push(block);
        while let [.., left, right] = merged[..] {
            let Some(parent) = left.joined(&right) else { break };
            merged.truncate(merged.len() - 2);
            merged.push(parent);
        }
    }
    if let [everything @ Block { length: 0, .. }] = merged[..] {
        merged = everything.halves().to_vec();
    }
    merged.sort_unstable_by_key(|block| (block.length, block.network));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregated(prefixes: &[&str]) -> Vec<String> {
        let parse = |prefix: &&str| {
            let (network, length) = prefix.split_once('/').unwrap();
            Prefix { network: network.parse().unwrap(), length: length.parse().unwrap() }
        };
        let prefixes = prefixes.iter().map(parse).collect();
        aggregate_v4(&prefixes).iter().map(|p| format!("{}/{}", p.network, p.length)).collect()
    }

    #[test]
    fn neighbours_merge_up_to_their_widest_common_prefix() {
        let quarters = ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/26"];
        assert_eq!(aggregated(&quarters), ["10.0.0.0/24"]);
    }

    #[test]
    fn neighbours_of_different_parents_stay_apart() {
        assert_eq!(aggregated(&["10.0.1.0/24", "10.0.2.0/24"]), ["10.0.1.0/24", "10.0.2.0/24"]);
    }

    #[test]
    fn a_prefix_within_another_goes() {
        assert_eq!(aggregated(&["10.0.0.0/8", "10.9.0.0/16", "11.0.0.0/31"]).len(), 2);
    }

    #[test]
    fn what_is_always_taken_in_needs_no_element() {
        assert!(aggregated(&["127.0.0.0/8", "224.0.0.0/4", "239.1.0.0/16"]).is_empty());
    }

    #[test]
    fn everything_is_two_halves() {
        assert_eq!(aggregated(&["0.0.0.0/0", "10.0.0.0/8"]), ["0.0.0.0/1", "128.0.0.0/1"]);
    }
}
