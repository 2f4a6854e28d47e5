//! Questions that may never be answered: a process that is looked at can keep its program on a
//! file system that does not answer, and a file system of its own.

use std::{sync::mpsc, thread, time::Duration};

use super::Limit;

/// All questions together may be late by so much.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long is waited still.
pub(super) struct Patience {
    left: Duration,
    unanswered: usize,
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self { left: PATIENCE, unanswered: 0 }
    }

    /// Asks, in a thread of its own; `None` where there is no answer in time. The thread goes with the
    /// process.
    pub(super) fn with<T: Send + 'static>(
        &mut self,
        ask: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let spawned = thread::Builder::new().stack_size(256 << 10).spawn(move || {
            let _ = sender.send(ask());
        });
        let wait = self.left.max(Duration::from_millis(20));
        let answer = spawned.ok().and_then(|_| receiver.recv_timeout(wait).ok());
        if answer.is_none() {
            self.left = self.left.saturating_sub(wait);
            self.unanswered += 1;
        }
        answer
    }

    pub(super) fn limit(&self) -> Option<Limit> {
        (self.unanswered > 0).then(|| Limit {
            what: format!(
                "{} processes could not be looked at in time: what they run may be on a file system \
                 that does not answer",
                self.unanswered
            ),
            needs: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_holds_up_nobody_after() {
        let mut patience = Patience { left: Duration::from_millis(50), unanswered: 0 };
        assert_eq!(patience.with(|| 7), Some(7));
        assert!(patience.limit().is_none());
        assert_eq!(patience.with(|| thread::sleep(Duration::from_secs(60))), None);
        assert_eq!(patience.with(|| 8), Some(8));
        assert!(patience.limit().unwrap().what.starts_with("1 processes"));
    }
}
