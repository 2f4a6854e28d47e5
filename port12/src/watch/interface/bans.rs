//! Changes of the bans on an interface.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use port12_common::abi::Ban;

use super::{Occupancy, Watched};
use crate::{
    model::{
        BanOrigin, BanScope,
        event::{BanChange, BanEvent},
    },
    watch::WatchError,
};

impl Watched {
    /// Bans at the last sweep, by source.
    pub fn bans(&self) -> &BTreeMap<IpAddr, Ban> {
        self.known.list()
    }

    /// Number of bans that were read back when the program was attached.
    pub fn restored_bans(&self) -> usize {
        self.restored_bans
    }

    /// Whether drop mode began without a deadline, because its rules were confirmed before this process started.
    pub fn starts_confirmed(&self) -> bool {
        self.starts_confirmed
    }

    /// Removes expired bans, and keeps room for more. Returns the changes since the last call: bans that were
    /// made first.
    ///
    /// # Errors
    ///
    /// [`WatchError`]: the bans cannot be read or written.
    pub fn sweep_bans(&mut self) -> Result<Vec<BanEvent>, WatchError> {
        if !self.instance.state().looks_for_bans() {
            let lifted = self.known.news(&Default::default()).lifted;
            return Ok(self.ban_events(lifted.into_iter().map(lift)));
        }
        let moment = self.moment();
        let mut bans = self.instance.bans(self.slot.as_ref())?;
        let listed = bans.list()?;
        let news = self.known.news(&listed);
        let expired = bans.expire(&listed, moment.jiffies)?;
        self.known.forget(expired.iter().map(|(source, _)| *source));
        let evicted = bans.evict(&listed, moment.jiffies)?;
        if evicted > 0 {
            let left = bans.list()?;
            self.known.forget(listed.keys().copied().filter(|source| !left.contains_key(source)));
        }
        let occupancy = Occupancy::of(&listed, moment.jiffies);
        let full = self.full_table.warning(&occupancy, evicted, Instant::now());
        let seconds = |jiffies: u64| Duration::from_secs(jiffies.div_ceil(moment.hz.max(1)));
        let made = news.made.into_iter().map(|(source, ban)| {
            let lasts = ban.until.saturating_sub(ban.since);
            let lasts = (ban.until != Ban::FOR_EVER).then(|| seconds(lasts));
            let (origin, scope) = (BanOrigin::of(ban.origin), BanScope::of(ban.scope));
            (ban.since, BanChange::Made { source, lasts, origin, scope })
        });
        let expired = expired.into_iter().map(|(source, ban)| {
            let (packets, origin) = (ban.packets, BanOrigin::of(ban.origin));
            (ban.since, BanChange::Expired { source, packets, origin })
        });
        let lifted = news.lifted.into_iter().map(lift);
        let full = full.into_iter().map(|change| (0, change));
        Ok(self.ban_events(made.chain(expired).chain(lifted).chain(full)))
    }

    fn ban_events(&self, changes: impl Iterator<Item = (u64, BanChange)>) -> Vec<BanEvent> {
        let (time, interface) = (SystemTime::now(), Arc::<str>::from(&*self.name));
        let event =
            |(since, change)| BanEvent { time, interface: Arc::clone(&interface), since, change };
        changes.map(event).collect()
    }
}

fn lift((source, ban): (IpAddr, Ban)) -> (u64, BanChange) {
    (ban.since, BanChange::Lifted { source, origin: BanOrigin::of(ban.origin) })
}
