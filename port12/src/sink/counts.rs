//! Counts of the records that were offered to a sink.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of one sink. Records that it does not take are not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Records that were offered.
    pub offered: u64,
    /// Records that were written whole.
    pub written: u64,
    /// Records that were not and will not be. What is neither waits.
    pub lost: u64,
    /// Attempts to open or write that failed.
    pub failures: u64,
}

/// The same, while they are counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) offered: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) failures: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        // What was offered is read last, and is never less than what became of it.
        let written = self.written.load(Ordering::Acquire);
        let lost = self.lost.load(Ordering::Acquire);
        let failures = self.failures.load(Ordering::Relaxed);
        Counts { offered: self.offered.load(Ordering::Acquire), written, lost, failures }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Release);
}
