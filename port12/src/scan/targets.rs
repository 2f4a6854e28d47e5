//! The addresses that a source touched.

use std::{collections::BTreeSet, net::IpAddr};

/// Addresses that are remembered.
const MOST: usize = 32;

/// The first of them, and what came after.
#[derive(Debug, Default)]
pub struct Targets {
    addresses: Vec<IpAddr>,
    /// Touches of addresses that are not remembered.
    pub further_touches: u64,
}

impl Targets {
    /// Takes note of a touch. Returns whether its address is new; one beyond the bound never is.
    pub fn note(&mut self, address: IpAddr) -> bool {
        if self.addresses.contains(&address) {
            return false;
        }
        if self.addresses.len() == MOST {
            self.further_touches += 1;
            return false;
        }
        self.addresses.push(address);
        true
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Those that are remembered.
    pub fn set(&self) -> BTreeSet<IpAddr> {
        self.addresses.iter().copied().collect()
    }
}
