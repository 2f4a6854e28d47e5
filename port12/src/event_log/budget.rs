//! Limit for the bytes that are written to a disk.

use std::time::{Duration, Instant};

/// Bytes that can be written at once: a whole ring of probes, which take 900 bytes each.
const BURST: u64 = 4 << 20;

/// Bytes that can be written in a minute after that: 1.4 GiB a day.
const PER_MINUTE: u64 = 1 << 20;

/// Bytes that are saved up before the next write, once the budget is spent: a few large writes wear out a disk less than
/// many small ones.
const BATCH: u64 = 64 << 10;

/// Token bucket over bytes.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    /// Time up to which the budget has grown.
    at: Instant,
    is_spent: bool,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now, is_spent: false }
    }

    /// Earliest time of the next write.
    pub(super) fn due(&self, now: Instant) -> Instant {
        let wanted = if self.is_spent { BATCH } else { 1 };
        match wanted.saturating_sub(self.grown(now)) {
            0 => now,
            missing => now + Duration::from_millis((missing * 60_000).div_ceil(PER_MINUTE)),
        }
    }

    /// Takes written bytes off the budget. The last write can exceed it.
    pub(super) fn spend(&mut self, bytes: usize, now: Instant) {
        self.left = self.grown(now).saturating_sub(bytes as u64);
        self.at = now;
        self.is_spent = self.left == 0 || self.is_spent && self.left < BATCH;
    }

    fn grown(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.at).as_millis();
        let more = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_mul(PER_MINUTE) / 60_000;
        self.left.saturating_add(more).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_a_ring_at_once_and_then_a_mebibyte_a_minute() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let mut written = 0;
        let mut writes = 0;
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            // As much as there is, in chunks.
            while budget.due(now) <= now {
                budget.spend(58_000, now);
                written += 58_000;
                writes += 1;
            }
        }
        let most = BURST + 10 * PER_MINUTE;
        // Each batch exceeds the budget by less than a chunk.
        assert!((most - 58_000..most + most / BATCH * 58_000).contains(&written), "{written}");
        assert!(writes < 300, "{writes}");
    }

    #[test]
    fn a_single_record_is_due_at_once_and_a_spent_budget_says_when() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        assert_eq!(budget.due(start), start);
        budget.spend(900, start);
        assert_eq!(budget.due(start), start);
        budget.spend(BURST as usize, start);
        let due = budget.due(start);
        assert_eq!((due - start).as_millis(), 3750);
        assert_eq!(budget.due(due), due);
    }
}
