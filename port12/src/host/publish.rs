//! From the host's addresses to the table that the kernel program reads.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, Ipv6Addr},
};

use port12_common::abi::{Local, Prefix4, Prefix6};

use super::addresses::{LocalAddresses, Prefix};

mod aggregate;
pub mod vlans;

use aggregate::{aggregate_v4, aggregate_v6, mask_v4, mask_v6};

/// Seeds that are tried. One of the first few spreads hundreds of addresses.
const ATTEMPTS: usize = 64;

/// The table to publish.
#[derive(Clone)]
pub struct Published {
    /// Tables of the kernel program.
    pub local: Box<Local>,
    /// What did not fit: the kernel program takes these destinations for transit, and so passes
    /// what comes for them.
    pub left_out: LocalAddresses,
}

/// Lays out the addresses, with seeds under which no bucket overflows if there are such. Prefixes
/// that touch or cover one another are merged, and addresses within a prefix are not repeated.
pub fn publish(addresses: &LocalAddresses) -> Published {
    let random = RandomState::new();
    let mut draws = 0_u64;
    publish_with(addresses, || {
        draws += 1;
        random.hash_one(draws)
    })
}

fn publish_with(addresses: &LocalAddresses, mut seed: impl FnMut() -> u64) -> Published {
    let mut local = Box::new(Local { known: 1, ..Local::UNKNOWN });
    let mut left_out = LocalAddresses::default();

    let prefixes_v4 = aggregate_v4(&addresses.prefixes_v4);
    let fit = prefixes_v4.len().min(local.prefixes_v4.len());
    for (element, prefix) in local.prefixes_v4.iter_mut().zip(&prefixes_v4[..fit]) {
        *element = element_v4(prefix);
    }
    left_out.prefixes_v4.extend(&prefixes_v4[fit..]);

    let prefixes_v6 = aggregate_v6(&addresses.prefixes_v6);
    let fit = prefixes_v6.len().min(local.prefixes_v6.len());
    for (element, prefix) in local.prefixes_v6.iter_mut().zip(&prefixes_v6[..fit]) {
        *element = element_v6(prefix);
    }
    left_out.prefixes_v6.extend(&prefixes_v6[fit..]);

    // With empty buckets, only loopback, multicast, broadcast and the prefixes are contained.
    let v4: Vec<_> = addresses.v4.iter().filter(|a| !local.contains_v4(word_v4(**a))).collect();
    let v6: Vec<_> = addresses.v6.iter().filter(|a| !local.contains_v6(words_v6(**a))).collect();
    place(&mut seed, |seed| {
        local.seed_v4 = seed;
        left_out.v4 = fill_v4(&mut local, &v4);
        left_out.broadcast_v4 = fill_broadcast(&mut local, &addresses.broadcast_v4);
        left_out.v4.len() + left_out.broadcast_v4.len()
    });
    place(&mut seed, |seed| {
        local.seed_v6 = seed;
        left_out.v6 = fill_v6(&mut local, &v6);
        left_out.v6.len()
    });
    Published { local, left_out }
}

/// Tries odd seeds until one leaves nothing out, and settles for the best.
fn place(seed: &mut impl FnMut() -> u64, mut attempt: impl FnMut(u64) -> usize) {
    let mut best = (usize::MAX, 1);
    for _ in 0..ATTEMPTS {
        let candidate = seed() | 1;
        let left_out = attempt(candidate);
        if left_out == 0 {
            return;
        }
        best = best.min((left_out, candidate));
    }
    attempt(best.1);
}

fn fill_v4(local: &mut Local, addresses: &[&Ipv4Addr]) -> BTreeSet<Ipv4Addr> {
    local.v4_be = Local::UNKNOWN.v4_be;
    let mut left_out = BTreeSet::new();
    for &&address in addresses {
        let word = word_v4(address);
        let bucket = local.bucket_v4(word);
        match local.v4_be[bucket].iter_mut().find(|entry| **entry == 0) {
            Some(entry) => *entry = word,
            None => _ = left_out.insert(address),
        }
    }
    left_out
}

/// The limited broadcast is known without.
fn fill_broadcast(local: &mut Local, addresses: &BTreeSet<Ipv4Addr>) -> BTreeSet<Ipv4Addr> {
    local.broadcast_be = Local::UNKNOWN.broadcast_be;
    let mut left_out = BTreeSet::new();
    for &address in addresses.iter().filter(|address| !address.is_broadcast()) {
        let word = word_v4(address);
        let bucket = local.bucket_broadcast(word);
        match local.broadcast_be[bucket].iter_mut().find(|entry| **entry == 0) {
            Some(entry) => *entry = word,
            None => _ = left_out.insert(address),
        }
    }
    left_out
}

fn fill_v6(local: &mut Local, addresses: &[&Ipv6Addr]) -> BTreeSet<Ipv6Addr> {
    local.v6_be = Local::UNKNOWN.v6_be;
    let mut left_out = BTreeSet::new();
    for &&address in addresses {
        let words = words_v6(address);
        let bucket = local.bucket_v6(words);
        match local.v6_be[bucket].iter_mut().find(|entry| **entry == [0; 4]) {
            Some(entry) => *entry = words,
            None => _ = left_out.insert(address),
        }
    }
    left_out
}

fn element_v4(prefix: &Prefix<Ipv4Addr>) -> Prefix4 {
    Prefix4 { network_be: word_v4(prefix.network), mask_be: mask_v4(prefix.length).to_be() }
}

fn element_v6(prefix: &Prefix<Ipv6Addr>) -> Prefix6 {
    let mask = Ipv6Addr::from_bits(mask_v6(prefix.length));
    Prefix6 { network_be: words_v6(prefix.network), mask_be: words_v6(mask) }
}

/// An address as the kernel program reads it from a packet.
fn word_v4(address: Ipv4Addr) -> u32 {
    u32::from_ne_bytes(address.octets())
}

/// An address as the kernel program reads it from a packet.
fn words_v6(address: Ipv6Addr) -> [u32; 4] {
    let octets = address.octets();
    std::array::from_fn(|word| {
        let at = 4 * word;
        u32::from_ne_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
    })
}

#[cfg(test)]
mod tests;
