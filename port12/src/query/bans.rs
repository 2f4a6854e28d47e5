//! Bans of the pinned interfaces.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;

use super::{Query, QueryError};
use crate::{
    kernel::clock::Moment,
    model::{BanOrigin, BanScope, BannedSource},
    truth::TruthError,
};

impl Query {
    /// Banned sources, by address.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: the bans, or the kernel's clock, cannot be read.
    pub fn bans(&self) -> Result<Vec<BannedSource>, QueryError> {
        let mut sources: BTreeMap<IpAddr, BannedSource> = BTreeMap::new();
        for pinned in &self.pinned {
            let now = pinned.now().map_err(TruthError::from)?;
            let is_stopped = pinned.state().gate().bypass != 0;
            for (source, ban) in pinned.bans()?.list()? {
                if !ban.holds(now.jiffies) {
                    continue;
                }
                let entry = sources
                    .entry(source)
                    .or_insert_with(|| banned(source, &ban, &now, pinned.state().shuts_out()));
                entry.packets += ban.packets;
                entry.times = entry.times.max(ban.times);
                entry.in_force |= !is_stopped;
                entry.interfaces.push(pinned.interface().to_owned());
            }
        }
        Ok(sources.into_values().collect())
    }
}

/// A source by one of its bans. `shuts_out`: the program looks for bans of scope `all`.
fn banned(source: IpAddr, ban: &Ban, now: &Moment, shuts_out: bool) -> BannedSource {
    let seconds = |jiffies: u64| jiffies.div_ceil(now.hz.max(1));
    BannedSource {
        source,
        origin: BanOrigin::of(ban.origin),
        scope: if ban.scope == Ban::ALL && shuts_out {
            BanScope::All
        } else {
            BanScope::Unassigned
        },
        packets: 0,
        times: ban.times,
        banned_seconds: seconds(now.jiffies.saturating_sub(ban.since)),
        remaining_seconds: (ban.until != Ban::FOR_EVER)
            .then(|| seconds(ban.until.saturating_sub(now.jiffies))),
        in_force: false,
        interfaces: Vec::new(),
    }
}
