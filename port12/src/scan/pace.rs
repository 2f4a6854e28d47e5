//! How fast a source goes, and so when it has come to an end.

use std::time::Duration;

/// The kernel tells of a source that goes on every 10 seconds or so: it is not quiet before more than that
/// has passed.
const LEAST_PATIENCE: Duration = Duration::from_secs(15);

/// A source that is quiet for so long has come to an end, however slow it was. Of nmap's default ports 24
/// are watched, so that `-T0` touches one in 3.5 hours on average.
pub const MOST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the longest gap fits into the quiet that ends a scan. Where gaps are as irregular as a random
/// order of ports makes them, one in some hundred thousand is longer.
const GAPS: u32 = 6;

/// Gaps of which the longest is remembered; those of the window before count too.
const WINDOW: u8 = 16;

/// A gap that counts although nothing new was touched after it: duplicates of other CPUs do not.
const SHORTEST_GAP: Duration = Duration::from_secs(1);

/// The longest of the last gaps, 16 to 32 of them: what a source did once, long ago, does not make a fast
/// scan slow.
#[derive(Debug, Default)]
pub struct Pace {
    longest: Duration,
    longest_before: Duration,
    gaps: u8,
}

impl Pace {
    /// Takes note of a gap, and whether something new was touched after it.
    pub fn note(&mut self, gap: Duration, is_new: bool) {
        self.longest = self.longest.max(gap);
        if !is_new && gap < SHORTEST_GAP {
            return;
        }
        self.gaps += 1;
        if self.gaps == WINDOW {
            (self.longest_before, self.longest, self.gaps) = (self.longest, Duration::ZERO, 0);
        }
    }

    /// How long the source has to be quiet to have come to an end.
    pub fn patience(&self) -> Duration {
        let longest = self.longest.max(self.longest_before);
        longest.saturating_mul(GAPS).clamp(LEAST_PATIENCE, MOST_PATIENCE)
    }
}
