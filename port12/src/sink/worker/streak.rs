//! Failures one after the other: told once, and once when they are over.

use std::{io, sync::atomic::Ordering, time::Duration};

use super::super::{
    SinkSpec,
    counts::{Counters, count},
};
use crate::text::Printable;

/// The pause after the first failure, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

pub(super) struct Streak {
    spec: SinkSpec,
    /// Failures since the last success.
    length: u32,
    /// Records that were lost before the first of them.
    lost: u64,
}

impl Streak {
    pub(super) fn new(spec: SinkSpec) -> Self {
        Self { spec, length: 0, lost: 0 }
    }

    /// One more.
    pub(super) fn failed(&mut self, error: &io::Error, counters: &Counters) {
        count(&counters.failures);
        if self.length == 0 {
            self.lost = counters.lost.load(Ordering::Relaxed);
            log::warn!(
                "the sink {} cannot be written to: {error}; it is tried again",
                Printable(&self.spec)
            );
        }
        self.length = self.length.saturating_add(1);
    }

    /// A success.
    pub(super) fn end(&mut self, counters: &Counters) {
        if self.length == 0 {
            return;
        }
        self.length = 0;
        let lost = counters.lost.load(Ordering::Relaxed) - self.lost;
        log::warn!(
            "the sink {} is written to again; {lost} records were lost",
            Printable(&self.spec)
        );
    }

    /// How long to wait before the next attempt: longer each time.
    pub(super) fn pause(&self) -> Duration {
        let (first, longest) = PAUSES;
        first.saturating_mul(1 << self.length.saturating_sub(1).min(16)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let counters = Counters::default();
        let mut streak = Streak::new("syslog".parse().unwrap());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            streak.failed(&io::ErrorKind::BrokenPipe.into(), &counters);
            pauses.push(streak.pause().as_millis());
        }
        assert_eq!(pauses[..8], [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pauses[39], 5000);
        streak.end(&counters);
        streak.failed(&io::ErrorKind::BrokenPipe.into(), &counters);
        assert_eq!(streak.pause().as_millis(), 100);
        assert_eq!(counters.read().failures, 41);
    }
}
