//! The addresses that the program does not ban by itself, whoever forges them.

use std::{collections::BTreeSet, net::IpAddr};

use aya::maps::{HashMap, Map, MapData, MapError};
use port12_common::abi::{PROTECTED, SourceAddress};

use super::{errno, plain::Plain};

/// The map of one program instance. The process that holds the interface writes it.
pub struct Guarded {
    map: HashMap<MapData, Plain<SourceAddress>, u64>,
    /// Content; unknown before the first write.
    known: Option<BTreeSet<IpAddr>>,
}

impl Guarded {
    /// The addresses in a map.
    ///
    /// # Errors
    ///
    /// Where it is no such map.
    pub fn new(map: MapData) -> Result<Self, MapError> {
        Ok(Self { map: HashMap::try_from(Map::HashMap(map))?, known: None })
    }

    /// The addresses in the map.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn known(&mut self) -> Result<BTreeSet<IpAddr>, MapError> {
        match self.known.take() {
            Some(known) => Ok(known),
            None => self.map.keys().map(|key| key.map(|source| source.0.address())).collect(),
        }
    }

    /// Makes these the addresses. Returns whether they fit; where they do not, none that was there
    /// and stays has gone.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn set(&mut self, addresses: &BTreeSet<IpAddr>) -> Result<bool, MapError> {
        let known = self.known()?;
        for gone in known.difference(addresses) {
            self.remove(*gone)?;
        }
        if addresses.len() > PROTECTED {
            return Ok(false);
        }
        for come in addresses.difference(&known) {
            self.map.insert(Plain((*come).into()), 1, 0)?;
        }
        self.known = Some(addresses.clone());
        Ok(true)
    }

    /// Takes an address out, where it is in.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn remove(&mut self, address: IpAddr) -> Result<(), MapError> {
        match self.map.remove(&Plain(address.into())) {
            Err(MapError::KeyNotFound) => Ok(()),
            Err(error) if errno::number(&error) == Some(libc::ENOENT) => Ok(()),
            removed => removed,
        }
    }
}
