//! How many alerts are told.

use std::time::Duration;

/// A token bucket that holds what a minute brings.
#[derive(Debug)]
pub struct Budget {
    per_minute: f64,
    tokens: f64,
    /// When the tokens were counted.
    at: Duration,
}

impl Budget {
    /// A full one.
    pub fn new(per_minute: u32) -> Self {
        let per_minute = f64::from(per_minute);
        Self { per_minute, tokens: per_minute, at: Duration::ZERO }
    }

    /// Takes a token, where there is one.
    pub fn take(&mut self, now: Duration) -> bool {
        let minutes = now.saturating_sub(self.at).as_secs_f64() / 60.0;
        self.tokens = (self.tokens + minutes * self.per_minute).min(self.per_minute);
        self.at = now;
        let is_there = self.tokens >= 1.0;
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }
}
