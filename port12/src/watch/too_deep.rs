//! Rate-limited alerts on the counters of packets with too many headers.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use port12_common::{TooDeep, abi::CpuCounters};

use crate::{kernel::mapped::Mapped, mapped_read, model::event::TooDeepAlert};

/// Time between two alerts of one reason on one interface.
const INTERVAL: Duration = Duration::from_secs(60);

/// Packets that passed and that were dropped, by reason.
type Counts = [[u64; 2]; TooDeep::ALL.len()];

/// Counters as of the last alerts.
pub(super) struct TooDeepCounts {
    reported: Counts,
    /// Earliest time of the next alert, by reason.
    due: [Option<Instant>; TooDeep::ALL.len()],
}

impl TooDeepCounts {
    /// Reports what is counted from here on.
    pub(super) fn of(counters: &Mapped<CpuCounters>) -> Self {
        Self { reported: read(counters), due: [None; TooDeep::ALL.len()] }
    }

    /// Alerts that are due; all that is unreported if this `is_last`.
    pub(super) fn news(
        &mut self,
        counters: &Mapped<CpuCounters>,
        interface: &Arc<str>,
        is_last: bool,
    ) -> Vec<TooDeepAlert> {
        let counts = read(counters);
        let alerts = self.rise(counts, Instant::now(), is_last).into_iter();
        alerts
            .map(|(reason, [passed, dropped])| TooDeepAlert {
                time: SystemTime::now(),
                interface: Arc::clone(interface),
                reason,
                packets: passed + dropped,
                dropped,
            })
            .collect()
    }

    fn rise(&mut self, counts: Counts, now: Instant, is_last: bool) -> Vec<(TooDeep, [u64; 2])> {
        let mut risen = Vec::new();
        for reason in TooDeep::ALL {
            let index = reason as usize;
            let (new, old) = (counts[index], self.reported[index]);
            let is_due = is_last || self.due[index].is_none_or(|due| now >= due);
            if new != old && is_due {
                risen.push((reason, [0, 1].map(|at| new[at].saturating_sub(old[at]))));
                self.reported[index] = new;
                self.due[index] = Some(now + INTERVAL);
            }
        }
        risen
    }
}

fn read(counters: &Mapped<CpuCounters>) -> Counts {
    let mut sums = Counts::default();
    for cpu in counters.elements() {
        for (sums, counts) in sums.iter_mut().zip(mapped_read!(cpu, too_deep)) {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_reported_at_once_and_then_once_a_minute() {
        let mut counts = TooDeepCounts { reported: [[5, 0], [0, 0]], due: [None; 2] };
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(counts.rise([[5, 0], [0, 0]], later(0), false), []);
        let first = (TooDeep::VlanTags, [1, 2]);
        assert_eq!(counts.rise([[6, 2], [0, 0]], later(1), false), [first]);
        let other = (TooDeep::ExtensionHeaders, [0, 1]);
        assert_eq!(counts.rise([[7, 2], [0, 1]], later(2), false), [other]);
        assert_eq!(counts.rise([[9, 2], [0, 1]], later(60), false), []);
        assert_eq!(counts.rise([[9, 2], [0, 1]], later(61), false), [(TooDeep::VlanTags, [3, 0])]);
        let last = (TooDeep::ExtensionHeaders, [4, 0]);
        assert_eq!(counts.rise([[9, 2], [4, 1]], later(61), true), [last]);
    }
}
