//! Listeners that have closed, until the probes that reached them are counted.

use std::time::Instant;

use crate::listeners::{Notice, What};

/// Notices that wait for the counters: a probe is counted before its listener closes, and is read once a second.
#[derive(Default)]
pub(super) struct Held(Vec<(Instant, Notice)>);

impl Held {
    /// Keeps a notice of a listener that has closed; gives any other back.
    pub(super) fn hold(&mut self, notice: Notice) -> Option<Notice> {
        match notice.what {
            What::Left => {
                self.0.push((Instant::now(), notice));
                None
            }
            What::Appeared { .. } | What::Passed | What::Reached { .. } => Some(notice),
        }
    }

    /// Those from before the counters were read at some time.
    pub(super) fn release(&mut self, counted: Instant) -> Vec<Notice> {
        let (ready, waits) = self.0.drain(..).partition(|(since, _)| *since <= counted);
        self.0 = waits;
        ready.into_iter().map(|(_, notice)| notice).collect()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
