//! Bind records, and their rate limit.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use crate::kernel::binds::{Bind, BindRing, Losses};

/// After a loss, a listener may have been missed for as long as it is remembered who had a port.
const DOUBT: Duration = Duration::from_secs(120);

pub(super) struct Ear {
    ring: BindRing,
    losses: Losses,
    /// Whether every bind is told of, but for those that are lost.
    reaches_all: bool,
    /// Those that are known.
    lost: u64,
    /// Until when a listener may have been missed.
    doubts_until: Option<Instant>,
    /// When it listens again: a flood of binds is not to take all of the time.
    rests_until: Instant,
}

impl Ear {
    pub(super) fn new(ring: BindRing, losses: Losses, reaches_all: bool) -> Self {
        let lost = losses.count();
        Self { ring, losses, reaches_all, lost, doubts_until: None, rests_until: Instant::now() }
    }

    /// Descriptor to wait for, and the longest wait.
    pub(super) fn awaited(&self) -> (Option<BorrowedFd<'_>>, Option<Duration>) {
        let rest = self.rests_until.saturating_duration_since(Instant::now());
        match rest.is_zero() {
            true => (Some(self.ring.as_fd()), None),
            false => (None, Some(rest)),
        }
    }

    /// Received records; none during a back-off.
    pub(super) fn listen(&mut self) -> Vec<Bind> {
        let lost = self.losses.count();
        if lost > self.lost {
            if !self.is_in_doubt() {
                log::warn!(
                    "sockets are bound faster than it can be told of: of some that live for less than \
                     250 ms nothing will be told"
                );
            }
            self.doubts_until = Some(Instant::now() + DOUBT);
            self.lost = lost;
        }
        if Instant::now() < self.rests_until {
            return Vec::new();
        }
        std::iter::from_fn(|| self.ring.pop()).collect()
    }

    /// Rests for some time.
    pub(super) fn rest(&mut self, time: Duration) {
        self.rests_until = Instant::now() + time;
    }

    /// Whether no TCP listener can have been missed not long ago.
    pub(super) fn hears_all(&self) -> bool {
        self.reaches_all && !self.is_in_doubt()
    }

    fn is_in_doubt(&self) -> bool {
        self.doubts_until.is_some_and(|until| Instant::now() < until)
    }
}
