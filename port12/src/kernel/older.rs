//! Pinned maps of the layout before this one, and their copy into new maps.

pub mod layout6;

use std::io;

use aya::maps::{HashMap, Map, MapData, MapError};
use port12_common::abi::{
    Evidence, Gate, Header, OLDER_VERSION, Policy, SourceAddress, map, origin,
};
use thiserror::Error;

use self::layout6::{Counters, State};
use super::{
    allowlist::{AllowedNetworks, AllowlistError},
    bans::{BanList, BansError},
    instance::Instance,
    load_error::LoadError,
    map_file::{self, Access},
    mapped::{Mapped, MappedMut},
    plain::Plain,
    slot::Slot,
};
use crate::{mapped_part, mapped_part_mut, mapped_read, mapped_write};

/// Reason why an older state cannot be copied.
#[derive(Debug, Error)]
pub enum OlderError {
    /// A map of the older layout cannot be read.
    #[error("{map}, of the older layout: {source}")]
    Map {
        /// Name of the map.
        map: &'static str,
        /// Answer of the kernel.
        source: io::Error,
    },
    /// An allowlist cannot be read or written.
    #[error(transparent)]
    Allowlist(#[from] AllowlistError),
    /// Bans cannot be read or written.
    #[error(transparent)]
    Bans(#[from] BansError),
    /// A map of the new program cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Maps of the older layout in the slot of an interface.
pub struct Older {
    slot: Slot,
    state: MappedMut<State>,
    counters: Mapped<Counters>,
}

impl Older {
    /// Opens the maps in a slot; `None` if they have another layout than the older one.
    ///
    /// # Errors
    ///
    /// [`OlderError::Map`].
    pub fn open(slot: &Slot) -> Result<Option<Self>, OlderError> {
        let state = open(slot, map::STATE, Access::Map)?;
        let failed = |map| move |source| OlderError::Map { map, source };
        let header = Mapped::<Header>::first_of(&state).map_err(failed(map::STATE))?;
        if header.version != u64::from(OLDER_VERSION) {
            return Ok(None);
        }
        let counters = open(slot, map::COUNTERS, Access::Map)?;
        Ok(Some(Self {
            slot: slot.clone(),
            state: MappedMut::new(&state).map_err(failed(map::STATE))?,
            counters: Mapped::new(&counters).map_err(failed(map::COUNTERS))?,
        }))
    }

    /// Identity of the program instance.
    pub fn header(&self) -> Header {
        mapped_read!(self.state.first(), header)
    }

    /// Gate: deadline of drop mode, and bypass.
    pub fn gate(&self) -> Gate {
        mapped_read!(self.state.first(), gate)
    }

    /// Sets or clears bits of the bypass. Returns whether that changed anything.
    pub fn set_bypass(&self, bits: u64, on: bool) -> bool {
        let before = self.gate().bypass;
        let after = if on { before | bits } else { before & !bits };
        mapped_write!(self.state.first_mut(), gate.bypass => after);
        before != after
    }

    /// Copies everything whose meaning is the same into the maps of a program that is not attached: policy, deadline,
    /// bypass, allowlist, bans, evidence, counters and sources.
    ///
    /// # Errors
    ///
    /// [`OlderError`]: the new program must not be used.
    pub fn copy_to(&self, instance: &Instance) -> Result<(), OlderError> {
        self.copy_counters(instance);
        let rules = mapped_read!(self.state.first(), rules);
        let too_deep = Policy::too_deep_by(&rules, false);
        // The lists say themselves whether they are empty.
        instance.set_policy(&Policy { gate: self.gate(), lists: 0, rules, too_deep });
        let header = self.header();
        instance.state().set_header(header.attached_at, header.namespace);
        self.copy_allowlist(instance)?;
        self.copy_evidence(instance)?;
        self.copy_bans(instance)
    }

    /// Copies what may have changed since [`copy_to`](Self::copy_to), while the older program still ran: bans, and the
    /// bypass.
    ///
    /// # Errors
    ///
    /// [`OlderError`].
    pub fn copy_changes_to(&self, instance: &Instance) -> Result<(), OlderError> {
        instance.state().set_bypass(self.gate().bypass, true);
        self.copy_bans(instance)
    }

    fn copy_counters(&self, instance: &Instance) {
        let new = instance.counters();
        for (old, new) in self.counters.elements().zip(new.elements_mut()) {
            // The new program counts nothing yet. The old one goes on: what it counts meanwhile is copied or not.
            mapped_write!(new, outcomes => mapped_read!(old, outcomes));
            mapped_write!(new, reasons => mapped_read!(old, reasons));
            mapped_write!(new, shapes => mapped_read!(old, shapes));
            mapped_part_mut!(new, ports).copy_from(mapped_part!(old, ports));
            mapped_write!(new, touches => mapped_read!(old, touches));
            mapped_part_mut!(new, sources).copy_from(mapped_part!(old, sources));
            mapped_write!(new, banning.banned => mapped_read!(old, banning.banned));
            mapped_write!(new, banning.overlooked => mapped_read!(old, banning.overlooked));
            mapped_write!(new, banning.spared => mapped_read!(old, banning.spared));
            mapped_write!(new, banning.refused => mapped_read!(old, banning.refused));
        }
    }

    fn copy_allowlist(&self, instance: &Instance) -> Result<(), OlderError> {
        let tries = (
            open(&self.slot, map::ALLOW_V4, Access::Read)?,
            open(&self.slot, map::ALLOW_V6, Access::Read)?,
        );
        let old = AllowedNetworks::new(tries.0, tries.1).map_err(AllowlistError::from)?.list()?;
        let of =
            |bit: u8| old.iter().filter(move |(_, from)| *from & bit != 0).map(|(net, _)| *net);
        let mut new = instance.allowlist(None)?;
        new.add(&of(origin::OPERATOR).collect())?;
        new.extend_policy(&of(origin::POLICY).collect())?;
        Ok(())
    }

    fn copy_bans(&self, instance: &Instance) -> Result<(), OlderError> {
        let map = open(&self.slot, map::BANS, Access::Read)?;
        let old = BanList::new(map).map_err(BansError::from)?;
        Ok(instance.bans(None)?.restore(&old.list()?)?)
    }

    /// Evidence was a number of probes; it is a weight in tenths of a probe.
    fn copy_evidence(&self, instance: &Instance) -> Result<(), OlderError> {
        let old = evidence(open(&self.slot, map::EVIDENCE, Access::Read)?)?;
        let mut new = evidence(instance.evidence_map()?)?;
        for source in old.keys().filter_map(Result::ok) {
            if let Ok(Plain(seen)) = old.get(&source, 0) {
                let weight = seen.weight.saturating_mul(Evidence::PROBE);
                let seen = Plain(Evidence { weight, ..seen });
                // A full map has room for other sources: what is missing is seen again.
                let _ = new.insert(source, seen, 0);
            }
        }
        Ok(())
    }
}

type EvidenceMap = HashMap<MapData, Plain<SourceAddress>, Plain<Evidence>>;

fn evidence(map: MapData) -> Result<EvidenceMap, OlderError> {
    let failed =
        |error: MapError| OlderError::Map { map: map::EVIDENCE, source: io::Error::other(error) };
    HashMap::try_from(Map::LruHashMap(map)).map_err(failed)
}

fn open(slot: &Slot, name: &'static str, access: Access) -> Result<MapData, OlderError> {
    map_file::open(&slot.map(name), access).map_err(|source| OlderError::Map { map: name, source })
}
