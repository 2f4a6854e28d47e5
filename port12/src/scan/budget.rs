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
        let is_there = self.has(now);
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }

    /// Whether there is a token.
    pub fn has(&mut self, now: Duration) -> bool {
        let minutes = now.saturating_sub(self.at).as_secs_f64() / 60.0;
        self.tokens = (self.tokens + minutes * self.per_minute).min(self.per_minute);
        self.at = now;
        self.tokens >= 1.0
    }

    /// Tokens that are missing, rounded up.
    pub fn spent(&mut self, now: Duration) -> u64 {
        self.has(now);
        (self.per_minute - self.tokens).ceil() as u64
    }
}
