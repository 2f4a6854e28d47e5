//! Weights of probes.
//!
//! scanlogd gives a privileged port 3 points and asks for 21 within seconds, that is for seven ports. Here
//! points fade, so 20 are asked for: seven ports within six hours come to that, or eight within a day.

use std::time::Duration;

/// The score of a scan.
pub const THRESHOLD: f64 = 20.0;

/// A port that was not touched before.
pub const PORT: f64 = 3.0;

/// An address that was not touched before, but for the first. Those of a host are published together more
/// often than ports are tried together.
pub const TARGET: f64 = 2.0;

/// A port that was touched by what is plainly an answer. Two hundred of them are a scan with forged answers.
pub const ANSWER: f64 = 0.1;

/// What was touched weighs half after two days: nmap's `-T0` with the default ports, which touches 24 in 83
/// hours, becomes a scan within two days.
pub type Breadth = Score<{ 48 * 60 * 60 }>;

/// A second during which a source goes on.
const SECOND: f64 = 0.035;

/// What a gap counts at most. The kernel tells of a source that goes on once in this time on each CPU; a
/// client that tries in vain every half minute goes on for a third of the time.
const LONGEST_GAP: Duration = Duration::from_secs(10);

/// Going on weighs half after ten minutes: one port becomes a scan in twelve minutes without a pause, and
/// never where half of the time is pauses.
pub type Persistence = Score<{ 10 * 60 }>;

/// Points of which half fade in so many seconds.
#[derive(Debug)]
pub struct Score<const HALF_LIFE: u64> {
    points: f64,
    /// When points were added last.
    pub at: Duration,
}

impl<const HALF_LIFE: u64> Score<HALF_LIFE> {
    /// None.
    pub fn new(now: Duration) -> Self {
        Self { points: 0.0, at: now }
    }

    /// Remaining weight.
    pub fn level(&self, now: Duration) -> f64 {
        let half_life = Duration::from_secs(HALF_LIFE);
        self.points * (-now.saturating_sub(self.at).div_duration_f64(half_life)).exp2()
    }

    /// Adds points.
    pub fn add(&mut self, points: f64, now: Duration) {
        (self.points, self.at) = (self.level(now) + points, now);
    }
}

/// Weight of a probe after a gap.
pub fn going_on(gap: Duration) -> f64 {
    SECOND * gap.min(LONGEST_GAP).as_secs_f64()
}
