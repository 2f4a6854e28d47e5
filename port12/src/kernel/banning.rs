//! Automatic bans of one program instance.

use std::time::Duration;

use port12_common::abi::{Budget, CpuCounters, EVENT, Evidence};

use super::{
    clock::Moment,
    mapped::{Mapped, MappedMut},
};
use crate::{mapped_part, mapped_part_mut, mapped_read, mapped_write, model::AutoBanStats};

pub use crate::model::BanScope as Scope;

/// Sources of which all CPUs take note at once.
pub(crate) const NEWCOMERS: u64 = 1024;

/// Of which a CPU may take note at once at least, however many there are.
const LEAST: u64 = 64;

/// Sources of which all CPUs take note in a second from then on.
pub(crate) const NEWCOMERS_PER_SECOND: u64 = 64;

/// Least number of new sources of a CPU a second, with any number of CPUs.
const LEAST_PER_SECOND: u64 = 8;

/// The longest ban that a shorter one is doubled to.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// When a source is banned, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Probes within the window at which it is; `None` where the program bans nobody by itself.
    pub after: Option<u64>,
    /// How long at first, by running time.
    pub time: Duration,
    /// The window.
    pub within: Duration,
    /// Whether to load the programs that [`Scope::All`] requires. Bans by the program itself are
    /// [`Scope::Unassigned`], whatever is written here.
    pub scope: Scope,
}

/// Fills the budgets of a program that has seen no frame.
pub(super) fn prepare(counters: &MappedMut<CpuCounters>, hz: u32) {
    let cpus = (counters.len() as u64).max(1);
    let burst = (NEWCOMERS / cpus).max(LEAST) * EVENT;
    let newcomers = Budget {
        tokens: burst,
        filled: 0,
        rate: (NEWCOMERS_PER_SECOND / cpus).max(LEAST_PER_SECOND) * EVENT / u64::from(hz.max(1)),
        burst,
    };
    for cpu in counters.elements_mut() {
        mapped_write!(cpu, banning.newcomers => newcomers);
    }
}

/// Has the program ban by some terms from now on, or not at all. Bans that hold stay.
pub(super) fn set(counters: &MappedMut<CpuCounters>, terms: Option<&Terms>, hz: u64) {
    let jiffies = |time| jiffies(time, hz);
    for cpu in counters.elements_mut() {
        let banning = mapped_part_mut!(cpu, banning);
        // While the terms change, nobody is banned.
        mapped_write!(banning, after => 0);
        if let Some(terms) = terms
            && let Some(after) = terms.after
        {
            mapped_write!(banning, term => jiffies(terms.time));
            mapped_write!(banning, longest => jiffies(terms.time.max(DAY)));
            mapped_write!(banning, window => jiffies(terms.within));
            mapped_write!(banning, after => after.saturating_mul(Evidence::PROBE));
        }
    }
}

/// Terms of a program that bans by itself.
pub(super) fn terms(counters: &Mapped<CpuCounters>, hz: u64) -> Option<Terms> {
    let after = after(counters)?;
    let banning = mapped_part!(counters.first(), banning);
    Some(Terms {
        after: Some(after),
        time: duration(mapped_read!(banning, term), hz),
        within: duration(mapped_read!(banning, window), hz),
        scope: Scope::Unassigned,
    })
}

/// The terms with times in whole jiffies, as a program has them.
pub fn rounded(terms: &Terms, hz: u64) -> Terms {
    let rounded = |time| duration(jiffies(time, hz), hz);
    Terms { time: rounded(terms.time), within: rounded(terms.within), ..*terms }
}

fn jiffies(time: Duration, hz: u64) -> u64 {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    milliseconds.saturating_mul(hz).div_ceil(1000)
}

fn duration(jiffies: u64, hz: u64) -> Duration {
    Duration::from_millis(jiffies.saturating_mul(1000) / hz.max(1))
}

/// Says that all protected addresses are known up to a time in jiffies.
pub(super) fn vouch(counters: &MappedMut<CpuCounters>, now: &Moment, time: Duration) {
    let until = now.after(time);
    for cpu in counters.elements_mut() {
        mapped_write!(cpu, banning.protected_until => until);
    }
}

/// Whether the program bans by itself.
pub(super) fn is_on(counters: &Mapped<CpuCounters>) -> bool {
    after(counters).is_some()
}

/// After how many probes the program bans a source by itself; `None` where it does not.
pub(super) fn after(counters: &Mapped<CpuCounters>) -> Option<u64> {
    let most = counters.elements().map(|cpu| mapped_read!(cpu, banning.after)).max().unwrap_or(0);
    (most != 0).then_some(most / Evidence::PROBE)
}

/// Bans by the program itself, over all CPUs.
pub fn stats(counters: &Mapped<CpuCounters>) -> AutoBanStats {
    let mut sum = AutoBanStats::default();
    for cpu in counters.elements() {
        sum.banned += mapped_read!(cpu, banning.banned);
        sum.not_tracked += mapped_read!(cpu, banning.overlooked);
        sum.protected += mapped_read!(cpu, banning.spared);
        sum.table_full += mapped_read!(cpu, banning.refused);
    }
    sum
}
