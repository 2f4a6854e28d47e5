//! The sources that are banned: a map that the program asks about would-be probes.

mod eviction;

use std::{collections::BTreeMap, net::IpAddr, ops::Deref, path::PathBuf, sync::atomic::Ordering};

use aya::maps::{HashMap, Map, MapData, MapError};
use port12_common::abi::{BANNED, Ban, Policy, SourceAddress};
use thiserror::Error;

pub use self::eviction::Occupancy;
use super::{banning::Scope, errno, lock, plain::Plain, slot::Slot, state::StateWriter};

/// Why bans are not what they should be.
#[derive(Debug, Error)]
pub enum BansError {
    /// More sources than the map takes.
    #[error(
        "{BANNED} sources can be banned at once; {0} is one too many: `port12 unban` makes room"
    )]
    Full(IpAddr),
    /// The kernel refuses.
    #[error("the bans cannot be read or written: {0}")]
    Kernel(#[from] MapError),
}

/// How often room is made for a ban: the program may take it.
const ATTEMPTS: u32 = 8;

type BanTable = HashMap<MapData, Plain<SourceAddress>, Plain<Ban>>;

/// The bans of one program instance, to be read.
pub struct BanList(BanTable);

impl BanList {
    /// The bans in a map.
    ///
    /// # Errors
    ///
    /// The map is no such map.
    pub fn new(map: MapData) -> Result<Self, MapError> {
        HashMap::try_from(Map::HashMap(map)).map(Self)
    }

    /// Every ban, those that are over among them.
    ///
    /// # Errors
    ///
    /// [`BansError::Kernel`].
    pub fn list(&self) -> Result<BTreeMap<IpAddr, Ban>, BansError> {
        let mut list = BTreeMap::new();
        for source in self.0.keys() {
            let source = source?;
            // One that was removed meanwhile is none.
            if let Some(ban) = self.get(source.0)? {
                list.insert(source.0.address(), ban);
            }
        }
        Ok(list)
    }

    fn get(&self, source: SourceAddress) -> Result<Option<Ban>, BansError> {
        match self.0.get(&Plain(source), 0) {
            Ok(ban) => Ok(Some(ban.0)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn is_empty(&self) -> Result<bool, BansError> {
        Ok(self.0.keys().next().transpose()?.is_none())
    }
}

/// The bans of one program instance. Several processes may write at the same time.
pub struct Bans {
    list: BanList,
    state: StateWriter,
    /// The directory that is locked while the bans are read and written.
    lock: Option<PathBuf>,
}

impl Deref for Bans {
    type Target = BanList;

    fn deref(&self) -> &BanList {
        &self.list
    }
}

impl Bans {
    /// The bans in a map, and the state that says whether there are any. `slot` is where other
    /// processes find them.
    ///
    /// # Errors
    ///
    /// Where it is no such map.
    pub fn new(map: MapData, state: StateWriter, slot: Option<&Slot>) -> Result<Self, MapError> {
        let list = BanList::new(map)?;
        Ok(Self { list, state, lock: slot.map(|slot| slot.path().to_owned()) })
    }

    /// Bans a source for the operator up to a time in jiffies, or changes its ban. Where there is no room,
    /// a ban of the program's makes way. Returns whether the source was banned already.
    ///
    /// # Errors
    ///
    /// [`BansError`]; nothing has changed then.
    pub fn add(
        &mut self,
        source: IpAddr,
        (until, scope): (u64, Scope),
        now: u64,
    ) -> Result<bool, BansError> {
        let _lock = lock::hold(self.lock.as_deref());
        let before = self.get(source.into())?.unwrap_or_default();
        let (holds, scope) = (before.holds(now), scope.code());
        let ban = match holds {
            true => Ban { until, origin: Ban::OPERATOR, scope, ..before },
            false => Ban {
                until,
                since: now,
                times: before.times.saturating_add(1),
                origin: Ban::OPERATOR,
                scope,
                ..Ban::default()
            },
        };
        let mut inserted = self.insert(source, ban);
        for _ in 0..ATTEMPTS {
            if !matches!(inserted, Err(BansError::Full(_))) || !self.make_room(now)? {
                break;
            }
            inserted = self.insert(source, ban);
        }
        inserted?;
        self.say_whether_empty()?;
        Ok(holds)
    }

    /// Takes over the bans of another program that hold, and have not been counted here.
    ///
    /// # Errors
    ///
    /// [`BansError`]; what was added before stays.
    pub fn inherit(&mut self, bans: &BTreeMap<IpAddr, Ban>, now: u64) -> Result<(), BansError> {
        let _lock = lock::hold(self.lock.as_deref());
        for (source, ban) in bans.iter().filter(|(_, ban)| ban.holds(now)) {
            let here = self.get((*source).into())?.unwrap_or_default();
            if here.until < ban.until {
                let packets = if here.holds(now) { here.packets } else { 0 };
                self.insert(*source, Ban { packets, ..*ban })?;
            }
        }
        self.say_whether_empty()
    }

    /// Writes bans of another program with all that was counted for them.
    ///
    /// # Errors
    ///
    /// [`BansError`]; what was written before stays.
    pub fn restore(&mut self, bans: &BTreeMap<IpAddr, Ban>) -> Result<(), BansError> {
        let _lock = lock::hold(self.lock.as_deref());
        for (source, ban) in bans {
            self.insert(*source, *ban)?;
        }
        self.say_whether_empty()
    }

    /// Lifts bans. Returns those that held.
    ///
    /// # Errors
    ///
    /// [`BansError::Kernel`]; what was lifted before stays so.
    pub fn remove(&mut self, sources: &[IpAddr], now: u64) -> Result<Vec<IpAddr>, BansError> {
        let _lock = lock::hold(self.lock.as_deref());
        let mut removed = Vec::new();
        for &source in sources {
            let ban = self.get(source.into())?;
            self.delete(source)?;
            if ban.is_some_and(|ban| ban.holds(now)) {
                removed.push(source);
            }
        }
        self.say_whether_empty()?;
        Ok(removed)
    }

    /// Forgets those among the bans that were listed that are over. Returns them.
    ///
    /// # Errors
    ///
    /// [`BansError::Kernel`].
    pub fn expire(
        &mut self,
        listed: &BTreeMap<IpAddr, Ban>,
        now: u64,
    ) -> Result<Vec<(IpAddr, Ban)>, BansError> {
        let _lock = lock::hold(self.lock.as_deref());
        let mut over = Vec::new();
        for (&source, ban) in listed.iter().filter(|(_, ban)| !ban.holds(now)) {
            // The source may have been banned anew since.
            if self.get(source.into())?.is_some_and(|ban| !ban.holds(now)) {
                self.delete(source)?;
                over.push((source, *ban));
            }
        }
        self.say_whether_empty()?;
        Ok(over)
    }

    /// Removes the program's lightest bans among those that were listed, if the table is nearly full:
    /// the bans that dropped the fewest packets, of equals those that end first. Bans that changed since they were listed
    /// stay, and so do the operator's. Returns the number of removed bans.
    ///
    /// # Errors
    ///
    /// [`BansError::Kernel`]; bans that were removed before stay removed.
    pub fn evict(&mut self, listed: &BTreeMap<IpAddr, Ban>, now: u64) -> Result<usize, BansError> {
        let lightest = eviction::lightest(listed, now);
        if lightest.is_empty() {
            return Ok(0);
        }
        let _lock = lock::hold(self.lock.as_deref());
        let mut evicted = 0;
        for source in lightest {
            if self.get(source.into())? == Some(listed[&source]) {
                self.delete(source)?;
                evicted += 1;
            }
        }
        Ok(evicted)
    }

    /// Lifts the bans that the program made by itself of sources that are `needed`. Returns them.
    ///
    /// # Errors
    ///
    /// [`BansError::Kernel`].
    pub fn spare(
        &mut self,
        needed: impl Fn(IpAddr) -> bool,
        now: u64,
    ) -> Result<Vec<IpAddr>, BansError> {
        if !self.state.looks_for_bans() {
            return Ok(Vec::new());
        }
        let is_meant =
            |(source, ban): &(IpAddr, Ban)| ban.origin == Ban::THRESHOLD && needed(*source);
        let spared: Vec<IpAddr> =
            self.list()?.into_iter().filter(is_meant).map(|(source, _)| source).collect();
        if spared.is_empty() { Ok(spared) } else { self.remove(&spared, now) }
    }

    fn insert(&mut self, source: IpAddr, ban: Ban) -> Result<(), BansError> {
        self.list.0.insert(Plain(source.into()), Plain(ban), 0).map_err(
            |error| match errno::number(&error) {
                Some(libc::E2BIG) => BansError::Full(source),
                _ => error.into(),
            },
        )
    }

    /// Removes a ban that is over, or else the program's lightest. Returns whether there is one.
    fn make_room(&mut self, now: u64) -> Result<bool, BansError> {
        let gives = |(_, ban): &(IpAddr, Ban)| ban.origin == Ban::THRESHOLD || !ban.holds(now);
        let weight = |(_, ban): &(IpAddr, Ban)| (ban.holds(now), eviction::weight(ban));
        let first = self.list()?.into_iter().filter(gives).min_by_key(weight);
        if let Some((source, _)) = first {
            self.delete(source)?;
        }
        Ok(first.is_some())
    }

    /// A missing entry is no error: another process removed it.
    fn delete(&mut self, source: IpAddr) -> Result<(), BansError> {
        match self.list.0.remove(&Plain(source.into())) {
            Err(MapError::KeyNotFound) => Ok(()),
            Err(error) if errno::number(&error) == Some(libc::ENOENT) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Tells the program whether the map is worth a look. It is looked at again after it was found
    /// empty: somebody else may have added to it before the program was told.
    fn say_whether_empty(&self) -> Result<(), BansError> {
        let lists = self.state.lists();
        if self.is_empty()? {
            lists.fetch_and(!Policy::BANS, Ordering::SeqCst);
        }
        if !self.is_empty()? {
            lists.fetch_or(Policy::BANS, Ordering::SeqCst);
        }
        Ok(())
    }
}
