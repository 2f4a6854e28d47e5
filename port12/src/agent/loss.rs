//! Reports of events and records that were lost or held back.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use super::Agent;
use crate::model::event::{Loss, LossEvent};

/// Time between two reports of one loss.
const INTERVAL: Duration = Duration::from_secs(60);

/// Losses that were reported, and the earliest time of the next report.
#[derive(Debug, Default)]
pub(super) struct Losses(BTreeMap<String, (u64, Option<Instant>)>);

impl Losses {
    /// The rise of a total, if it is to be reported; `is_last` ends the rate limit. A total that falls begins anew.
    fn rise(&mut self, place: String, total: u64, now: Instant, is_last: bool) -> Option<u64> {
        let (reported, due) = self.0.entry(place).or_default();
        *reported = total.min(*reported);
        let is_due = is_last || due.is_none_or(|due| now >= due);
        let rise = total - *reported;
        if rise == 0 || !is_due {
            return None;
        }
        (*reported, *due) = (total, Some(now + INTERVAL));
        Some(rise)
    }
}

impl Agent {
    /// Reports losses that have not been reported, each once a minute at most unless this `is_last`.
    pub(super) fn report_losses(&mut self, is_last: bool) {
        let stats = self.alert_stats();
        let mut totals = vec![("alerts".to_owned(), stats.rate_limited, Loss::Alerts)];
        for watched in &self.watched {
            let interface = watched.name.clone();
            let loss = Loss::Ring { interface: interface.as_str().into() };
            totals.push((format!("ring {interface}"), watched.lost_events(), loss));
        }
        for sink in stats.sinks {
            totals.push((format!("sink {}", sink.sink), sink.lost, Loss::Sink { sink: sink.sink }));
        }
        if let Some(log) = stats.event_log {
            let loss = Loss::EventLog { directory: log.directory };
            totals.push(("event log".to_owned(), log.lost, loss));
        }
        let (now, time) = (Instant::now(), SystemTime::now());
        for (place, total, loss) in totals {
            if let Some(count) = self.losses.rise(place, total, now, is_last) {
                self.report(LossEvent { time, count, loss });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_reported_at_once_and_then_once_a_minute() {
        let mut losses = Losses::default();
        let start = Instant::now();
        let mut rise = |total, seconds, is_last| {
            let now = start + Duration::from_secs(seconds);
            losses.rise("ring eth0".to_owned(), total, now, is_last)
        };
        assert_eq!(rise(0, 0, false), None);
        assert_eq!(rise(3, 1, false), Some(3));
        assert_eq!(rise(5, 60, false), None);
        assert_eq!(rise(6, 61, false), Some(3));
        assert_eq!(rise(7, 62, true), Some(1));
        // The sink was started anew.
        assert_eq!(rise(2, 200, false), None);
        assert_eq!(rise(4, 200, false), Some(2));
    }
}
