//! Causes that wake the thread: a message, a bind, or a time.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::{read, write},
};

/// Rung by those who put something into the inbox.
pub(super) struct Bell(OwnedFd);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Waits for nothing.
    pub(super) fn ring(&self) {
        // It has been rung already where the counter is full.
        let _ = write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Waits until it has been rung, `other` is readable, or a time is over.
    pub(super) fn wait(&self, other: Option<BorrowedFd<'_>>, time: Option<Duration>) {
        let bell = PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN);
        let other = other.map(|other| PollFd::from_borrowed_fd(other, PollFlags::IN));
        let mut waited: Vec<_> = std::iter::once(bell).chain(other).collect();
        let time = time.map(|time| Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        });
        // Whoever waits looks around in any case.
        let _ = poll(&mut waited, time.as_ref());
        let _ = read(&self.0, &mut [0_u8; 8]);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Instant};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn it_is_heard_once_whenever_it_was_rung() {
        let bell = Arc::new(Bell::new().unwrap());
        bell.ring();
        bell.ring();
        let start = Instant::now();
        bell.wait(None, Some(LONG));
        assert!(start.elapsed() < LONG);
        bell.wait(None, Some(Duration::from_millis(1)));
        let other = Arc::clone(&bell);
        let ringer = thread::spawn(move || other.ring());
        bell.wait(None, Some(LONG));
        ringer.join().unwrap();
        assert!(start.elapsed() < LONG);
    }

    #[test]
    fn something_else_that_is_readable_ends_the_wait() {
        let (bell, other) = (Bell::new().unwrap(), Bell::new().unwrap());
        other.ring();
        let start = Instant::now();
        bell.wait(Some(other.0.as_fd()), Some(LONG));
        assert!(start.elapsed() < LONG);
    }
}
