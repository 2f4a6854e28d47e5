//! Time that only goes forward, out of times that need not.

use std::time::{Duration, SystemTime};

/// How far back a time may lie before the clock is taken to have been set back. Until then time stands
/// still.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The most that passes at once: more than any source is remembered for.
const LONGEST_STEP: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Running time since the first time that was told.
#[derive(Debug, Default)]
pub struct Clock {
    latest: Option<SystemTime>,
    running: Duration,
}

impl Clock {
    /// The running time at a time of day. It never goes back.
    pub fn advance(&mut self, time: SystemTime) -> Duration {
        match time.duration_since(*self.latest.get_or_insert(time)) {
            Ok(step) => {
                self.running = self.running.saturating_add(step.min(LONGEST_STEP));
                self.latest = Some(time);
            }
            Err(back) if back.duration() > TOLERANCE => self.latest = Some(time),
            Err(_) => {}
        }
        self.running
    }
}
