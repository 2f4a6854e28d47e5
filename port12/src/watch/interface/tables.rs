//! Sizes of the allowlist and the ban table, counted again now and then: they can be large.

use std::time::{Duration, Instant};

use port12_common::abi::Policy;

use crate::kernel::{clock::Moment, instance::Instance, slot::Slot};

/// Time between counts.
const PERIOD: Duration = Duration::from_secs(1);

/// Counting may cost one part in this many of the time.
const SHARE: u32 = 50;

/// Sizes of the tables of one program; `None` if they cannot be read.
#[derive(Debug, Default)]
pub(super) struct TableSizes {
    /// Networks on the allowlist.
    pub(super) allowed: Option<usize>,
    /// Sources that are banned.
    pub(super) banned: Option<usize>,
    due: Option<Instant>,
}

impl TableSizes {
    /// Counts again, unless that was done a moment ago.
    pub(super) fn refresh(&mut self, instance: &Instance, slot: Option<&Slot>, now: &Moment) {
        let began = Instant::now();
        if self.due.is_some_and(|due| began < due) {
            return;
        }
        let lists = instance.state().policy_lists();
        self.allowed = match lists & (Policy::ALLOW_V4 | Policy::ALLOW_V6) {
            0 => Some(0),
            _ => instance.allowlist(slot).ok().and_then(|it| Some(it.list().ok()?.len())),
        };
        self.banned = match lists & Policy::BANS {
            0 => Some(0),
            _ => instance.bans(slot).ok().and_then(|it| {
                let bans = it.list().ok()?;
                Some(bans.iter().filter(|(_, ban)| ban.holds(now.jiffies)).count())
            }),
        };
        self.due = Some(Instant::now() + PERIOD.max(began.elapsed() * SHARE));
    }
}
