//! The sources that are never dropped: two tries that the program asks about would-be probes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
    ops::Deref,
    path::PathBuf,
    sync::atomic::Ordering,
};

use aya::maps::{
    MapData, MapError,
    lpm_trie::{Key, LpmTrie},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use port12_common::abi::{ALLOWED, Policy, origin};
use thiserror::Error;

use super::{errno, lock, slot::Slot, state::StateWriter};

/// Why an allowlist is not what it should be.
#[derive(Debug, Error)]
pub enum AllowlistError {
    /// More prefixes than the maps take.
    #[error("an allowlist takes {ALLOWED} prefixes of a family; {0} are one too many")]
    Full(IpNet),
    /// The kernel refuses.
    #[error("the allowlist cannot be read or written: {0}")]
    Kernel(#[from] MapError),
}

/// The allowlists of one program instance, to be read.
pub struct AllowedNetworks {
    v4: LpmTrie<MapData, u32, u8>,
    v6: LpmTrie<MapData, [u32; 4], u8>,
}

impl AllowedNetworks {
    /// The lists in two maps.
    ///
    /// # Errors
    ///
    /// The maps are no such tries.
    pub fn new(v4: MapData, v6: MapData) -> Result<Self, MapError> {
        let v4 = LpmTrie::try_from(aya::maps::Map::LpmTrie(v4))?;
        let v6 = LpmTrie::try_from(aya::maps::Map::LpmTrie(v6))?;
        Ok(Self { v4, v6 })
    }

    /// Every prefix, and where it comes from: bits of [`origin`].
    ///
    /// # Errors
    ///
    /// [`AllowlistError::Kernel`].
    pub fn list(&self) -> Result<BTreeMap<IpNet, u8>, AllowlistError> {
        let mut list = BTreeMap::new();
        for entry in &self.v4 {
            let (key, from) = entry?;
            list.insert(net_v4(&key).into(), from);
        }
        for entry in &self.v6 {
            let (key, from) = entry?;
            list.insert(net_v6(&key).into(), from);
        }
        Ok(list)
    }

    fn not_empty(&self) -> Result<u64, AllowlistError> {
        let mut full = 0;
        if self.v4.keys().next().transpose()?.is_some() {
            full |= Policy::ALLOW_V4;
        }
        if self.v6.keys().next().transpose()?.is_some() {
            full |= Policy::ALLOW_V6;
        }
        Ok(full)
    }
}

/// The allowlists of one program instance. A frame finds a prefix or does not: there is no list
/// that is half another's. Several processes may write at the same time.
pub struct Allowlist {
    networks: AllowedNetworks,
    state: StateWriter,
    /// The directory that is locked while the lists are read and written.
    lock: Option<PathBuf>,
}

impl Deref for Allowlist {
    type Target = AllowedNetworks;

    fn deref(&self) -> &AllowedNetworks {
        &self.networks
    }
}

impl Allowlist {
    /// The lists in two maps, and the state that says whether they are empty. `slot` is where other
    /// processes find them.
    ///
    /// # Errors
    ///
    /// Where the maps are no such tries.
    pub fn new(
        v4: MapData,
        v6: MapData,
        state: StateWriter,
        slot: Option<&Slot>,
    ) -> Result<Self, MapError> {
        let networks = AllowedNetworks::new(v4, v6)?;
        Ok(Self { networks, state, lock: slot.map(|slot| slot.path().to_owned()) })
    }

    /// Adds prefixes for the operator. Returns those that are new.
    ///
    /// # Errors
    ///
    /// [`AllowlistError`]; what was added before stays.
    pub fn add(&mut self, prefixes: &BTreeSet<IpNet>) -> Result<Vec<IpNet>, AllowlistError> {
        let _lock = lock::hold(self.lock.as_deref());
        let present = self.list()?;
        let mut added = Vec::new();
        for prefix in prefixes {
            let from = present.get(prefix).copied().unwrap_or_default();
            if from & origin::OPERATOR == 0 {
                self.insert(prefix, from | origin::OPERATOR)?;
                added.push(*prefix);
            }
        }
        self.say_whether_empty()?;
        Ok(added)
    }

    /// Removes prefixes, wherever they come from. Returns those that were there, and where they
    /// came from.
    ///
    /// # Errors
    ///
    /// [`AllowlistError`]; what was removed before stays removed.
    pub fn remove(
        &mut self,
        prefixes: &BTreeSet<IpNet>,
    ) -> Result<Vec<(IpNet, u8)>, AllowlistError> {
        let _lock = lock::hold(self.lock.as_deref());
        let present = self.list()?;
        let mut removed = Vec::new();
        for prefix in prefixes {
            if let Some(&from) = present.get(prefix) {
                self.delete(prefix)?;
                removed.push((*prefix, from));
            }
        }
        self.say_whether_empty()?;
        Ok(removed)
    }

    /// Makes `prefixes` those of the policy. What the operator has added stays.
    ///
    /// # Errors
    ///
    /// [`AllowlistError`]; nothing has been removed then.
    pub fn set_policy(&mut self, prefixes: &BTreeSet<IpNet>) -> Result<(), AllowlistError> {
        self.extend_policy(prefixes)?;
        self.retain_policy(prefixes)?;
        Ok(())
    }

    /// Adds those of the policy. New prefixes come before old ones go, so that a source on both
    /// lists is never without.
    ///
    /// # Errors
    ///
    /// [`AllowlistError`]; what was added before stays.
    pub fn extend_policy(&mut self, prefixes: &BTreeSet<IpNet>) -> Result<(), AllowlistError> {
        let _lock = lock::hold(self.lock.as_deref());
        let present = self.list()?;
        for prefix in prefixes {
            let from = present.get(prefix).copied().unwrap_or_default();
            if from & origin::POLICY == 0 {
                self.insert(prefix, from | origin::POLICY)?;
            }
        }
        self.say_whether_empty()
    }

    /// Removes those of the policy that are not in `prefixes`. Returns how many.
    ///
    /// # Errors
    ///
    /// [`AllowlistError::Kernel`]; what was removed before stays removed.
    pub fn retain_policy(&mut self, prefixes: &BTreeSet<IpNet>) -> Result<usize, AllowlistError> {
        let _lock = lock::hold(self.lock.as_deref());
        let stale = self.stale(prefixes)?;
        for (prefix, from) in &stale {
            match from & !origin::POLICY {
                0 => self.delete(prefix)?,
                rest => self.insert(prefix, rest)?,
            }
        }
        self.say_whether_empty()?;
        Ok(stale.len())
    }

    /// The prefixes of the policy that are not in `prefixes`, and where they come from.
    ///
    /// # Errors
    ///
    /// [`AllowlistError::Kernel`].
    pub fn stale(&self, prefixes: &BTreeSet<IpNet>) -> Result<Vec<(IpNet, u8)>, AllowlistError> {
        let is_stale =
            |(prefix, from): &(IpNet, u8)| from & origin::POLICY != 0 && !prefixes.contains(prefix);
        Ok(self.list()?.into_iter().filter(is_stale).collect())
    }

    fn insert(&mut self, prefix: &IpNet, from: u8) -> Result<(), AllowlistError> {
        match prefix {
            IpNet::V4(net) => self.networks.v4.insert(&key_v4(net), from, 0),
            IpNet::V6(net) => self.networks.v6.insert(&key_v6(net), from, 0),
        }
        .map_err(|error| match number(&error) {
            Some(libc::ENOSPC) => AllowlistError::Full(*prefix),
            _ => error.into(),
        })
    }

    /// A missing entry is no error: another process removed it.
    fn delete(&mut self, prefix: &IpNet) -> Result<(), AllowlistError> {
        let result = match prefix {
            IpNet::V4(net) => self.networks.v4.remove(&key_v4(net)),
            IpNet::V6(net) => self.networks.v6.remove(&key_v6(net)),
        };
        match result {
            Err(error) if number(&error) == Some(libc::ENOENT) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Tells the program which lists are worth a look. A list is looked at again after it was
    /// found empty: another process may have added to it before the program was told.
    fn say_whether_empty(&self) -> Result<(), AllowlistError> {
        const BOTH: u64 = Policy::ALLOW_V4 | Policy::ALLOW_V6;
        let lists = self.state.lists();
        let full = self.not_empty()?;
        lists.fetch_or(full, Ordering::SeqCst);
        lists.fetch_and(full | !BOTH, Ordering::SeqCst);
        lists.fetch_or(self.not_empty()?, Ordering::SeqCst);
        Ok(())
    }
}

fn number(error: &MapError) -> Option<i32> {
    match error {
        MapError::KeyNotFound => Some(libc::ENOENT),
        error => errno::number(error),
    }
}

fn key_v4(net: &Ipv4Net) -> Key<u32> {
    Key::new(net.prefix_len().into(), u32::from_ne_bytes(net.network().octets()))
}

fn key_v6(net: &Ipv6Net) -> Key<[u32; 4]> {
    let octets = net.network().octets();
    let word =
        |at| u32::from_ne_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
    Key::new(net.prefix_len().into(), [word(0), word(4), word(8), word(12)])
}

fn net_v4(key: &Key<u32>) -> Ipv4Net {
    let length = u8::try_from(key.prefix_len()).unwrap_or(32).min(32);
    Ipv4Net::new_assert(Ipv4Addr::from(key.data().to_ne_bytes()), length)
}

fn net_v6(key: &Key<[u32; 4]>) -> Ipv6Net {
    let length = u8::try_from(key.prefix_len()).unwrap_or(128).min(128);
    let mut octets = [0; 16];
    for (bytes, word) in octets.chunks_exact_mut(4).zip(key.data()) {
        bytes.copy_from_slice(&word.to_ne_bytes());
    }
    Ipv6Net::new_assert(Ipv6Addr::from(octets), length)
}
