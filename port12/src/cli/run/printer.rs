//! Reports on their way out. A reader that stalls holds up a thread of its own, and nothing else.

use std::{
    io::{self, Write},
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    thread,
    time::{Duration, Instant},
};

use crate::privileges;

/// Writes reports in the order in which they come.
pub struct Printer {
    queue: SyncSender<Vec<u8>>,
    ended: Receiver<io::Result<()>>,
}

/// Fate of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// It is on its way.
    Queued,
    /// The reader is a report behind: this one is not written.
    Skipped,
    /// Nothing can be written any more; [`Printer::finish`] tells why.
    Ended,
}

impl Printer {
    /// Starts the thread that writes.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, reports) = mpsc::sync_channel::<Vec<u8>>(1);
        let (end, ended) = mpsc::channel();
        privileges::spawn("printer", move || {
            let written = reports
                .iter()
                .try_for_each(|report| out.write_all(&report).and_then(|()| out.flush()));
            // Nobody waits for it after a stalled end.
            let _ = end.send(written);
        })?;
        Ok(Self { queue, ended })
    }

    /// Queues a report, and waits for nothing.
    pub fn show(&self, report: Vec<u8>) -> Shown {
        match self.queue.try_send(report) {
            Ok(()) => Shown::Queued,
            Err(TrySendError::Full(_)) => Shown::Skipped,
            Err(TrySendError::Disconnected(_)) => Shown::Ended,
        }
    }

    /// Queues the last report, and waits until everything is written, or for `patience`.
    ///
    /// # Errors
    ///
    /// Why writing ended early, or `TimedOut`.
    pub fn finish(self, report: Vec<u8>, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let mut report = report;
        while let Err(TrySendError::Full(back)) = self.queue.try_send(report) {
            if Instant::now() >= deadline {
                return Err(stalled());
            }
            report = back;
            thread::sleep(Duration::from_millis(10));
        }
        drop(self.queue);
        match self.ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(written) => written,
            Err(RecvTimeoutError::Timeout) => Err(stalled()),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the writer has died")),
        }
    }
}

fn stalled() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the reader of the reports has stalled")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Collected(Arc<Mutex<Vec<u8>>>);

    impl Write for Collected {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Stalling(Receiver<()>);

    impl Write for Stalling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn reports_come_out_in_order() {
        let out = Collected::default();
        let printer = Printer::start(out.clone()).unwrap();
        assert_eq!(printer.show(b"one ".to_vec()), Shown::Queued);
        printer.finish(b"two".to_vec(), Duration::from_secs(60)).unwrap();
        assert_eq!(*out.0.lock().unwrap(), b"one two");
    }

    #[test]
    fn a_stalled_reader_holds_nobody_up() {
        let (wake, asleep) = mpsc::channel();
        let printer = Printer::start(Stalling(asleep)).unwrap();
        let shown: Vec<_> = (0..9).map(|_| printer.show(vec![0])).collect();
        assert!(shown.contains(&Shown::Skipped));
        let ended = printer.finish(vec![0], Duration::from_millis(50));
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(wake);
    }

    #[test]
    fn a_closed_pipe_ends_it() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let printer = Printer::start(Closed).unwrap();
        let ended = printer.finish(vec![0], Duration::from_secs(60));
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
