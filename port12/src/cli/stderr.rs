//! Standard error of a command that runs for long: a bounded queue of lines, and a thread that writes them. A reader
//! that stalls holds up that thread, and nothing else.
//!
//! Until [`start`] is called, lines are written where they arise.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    collections::VecDeque,
    io::{self, Write},
    os::fd::AsFd as _,
    panic::{self, PanicHookInfo},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use crate::privileges;

/// Lines that wait for the reader, at most. Further ones are dropped and counted.
const MOST: usize = 1024;

/// How long the last lines wait for the reader.
const PATIENCE: Duration = Duration::from_secs(2);

static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Starts the thread that writes. Panics are reported through it, too.
///
/// # Errors
///
/// If no thread can be had: lines are written where they arise then.
pub fn start() -> io::Result<()> {
    let queue = Arc::<Queue>::default();
    let work = Arc::clone(&queue);
    privileges::spawn_without("stderr", move || work.work(write_out))?;
    if QUEUE.set(queue).is_ok() {
        panic::set_hook(Box::new(report_panic));
    }
    Ok(())
}

/// Waits until all lines are written, for two seconds at most.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.finish(PATIENCE);
    }
}

/// Writes one line or more to standard error. Nobody need be listening: `eprintln` panics when standard error is
/// closed.
pub fn write(lines: Vec<u8>) {
    match QUEUE.get() {
        Some(queue) => queue.push(lines),
        None => write_out(&lines),
    }
}

/// Standard error, for the log. Each record is written in one piece.
#[derive(Clone, Copy, Debug)]
pub struct LogTarget;

impl Write for LogTarget {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        write(record.to_vec());
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Panics are rare, and the process may end: what was said before is to be read, too.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let mut lines = format!("thread {} {panic}\n", thread.name().unwrap_or("without a name"));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        lines.push_str(&backtrace.to_string());
    }
    write(lines.into_bytes());
    finish();
}

/// Writes bytes without a lock that somebody else may wait for. A descriptor that others have set to `O_NONBLOCK` is
/// waited for; its flags are left alone, since they belong to all that share it.
fn write_out(mut bytes: &[u8]) {
    let stderr = io::stderr();
    while !bytes.is_empty() {
        match rustix::io::write(stderr.as_fd(), bytes) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Any failure shows at the next write.
                let _ = poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], None);
            }
            Err(_) => return,
        }
    }
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    is_writing: bool,
    /// Lines without room since the last one that had room.
    dropped: u64,
}

impl State {
    fn next(&mut self) -> Option<Vec<u8>> {
        let dropped = |it: &mut Self| (it.dropped > 0).then(|| it.take_dropped());
        let next = self.lines.pop_front().or_else(|| dropped(self));
        self.is_writing = next.is_some();
        next
    }

    fn take_dropped(&mut self) -> Vec<u8> {
        let dropped = std::mem::take(&mut self.dropped);
        format!("port12: standard error unblocked; {dropped} lines were dropped\n").into_bytes()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a line, or counts it as dropped. Waits for nothing.
    fn push(&self, line: Vec<u8>) {
        let mut state = self.lock();
        if state.lines.len() >= MOST {
            state.dropped += 1;
            return;
        }
        if state.dropped > 0 {
            let dropped = state.take_dropped();
            state.lines.push_back(dropped);
        }
        state.lines.push_back(line);
        self.changed.notify_all();
    }

    /// Writes lines for ever.
    fn work(&self, mut write: impl FnMut(&[u8])) {
        loop {
            write(&self.next());
        }
    }

    /// Waits for the next line. The line before has been written.
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            let next = state.next();
            self.changed.notify_all();
            match next {
                Some(line) => return line,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Waits until all lines are written. Whether they are.
    fn finish(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut state = self.lock();
        while state.is_writing || !state.lines.is_empty() || state.dropped > 0 {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn work(queue: &Arc<Queue>, write: impl FnMut(&[u8]) + Send + 'static) {
        let queue = Arc::clone(queue);
        thread::spawn(move || queue.work(write));
    }

    #[test]
    fn lines_are_written_in_order_and_the_end_waits_for_the_last_one() {
        let (sender, written) = mpsc::channel();
        let queue = Arc::<Queue>::default();
        (0..100_u8).for_each(|line| queue.push(vec![line]));
        work(&queue, move |line| sender.send(line.to_vec()).unwrap());
        (100..200_u8).for_each(|line| queue.push(vec![line]));
        assert!(queue.finish(LONG));
        let written: Vec<u8> = written.try_iter().flatten().collect();
        assert_eq!(written, (0..200).collect::<Vec<u8>>());
    }

    #[test]
    fn a_reader_that_stalls_blocks_nobody_and_is_told_what_was_dropped_when_it_goes_on() {
        let (sender, written) = mpsc::channel();
        let (go_on, stalled) = mpsc::channel::<()>();
        let queue = Arc::<Queue>::default();
        work(&queue, move |line| {
            let _ = stalled.recv();
            sender.send(line.to_vec()).unwrap();
        });
        // The first line is on its way when the others come.
        queue.push(b"first".to_vec());
        while !queue.lock().is_writing {
            thread::yield_now();
        }
        (0..MOST + 7).for_each(|_| queue.push(b"more".to_vec()));
        assert!(!queue.finish(Duration::from_millis(1)));
        drop(go_on);
        assert!(queue.finish(LONG));
        queue.push(b"last".to_vec());
        assert!(queue.finish(LONG));
        let written: Vec<_> = written.try_iter().collect();
        assert_eq!(written.len(), 1 + MOST + 2);
        let dropped = b"port12: standard error unblocked; 7 lines were dropped\n";
        assert_eq!(written[written.len() - 2..], [dropped.to_vec(), b"last".to_vec()]);
    }

    #[test]
    fn what_was_dropped_is_told_before_the_next_line() {
        let queue = Queue::default();
        (0..MOST + 3).for_each(|_| queue.push(b"more".to_vec()));
        queue.next();
        queue.next();
        queue.push(b"last".to_vec());
        let mut lines = queue.lock().lines.clone();
        assert_eq!(lines.pop_back().unwrap(), b"last");
        assert!(lines.pop_back().unwrap().ends_with(b"3 lines were dropped\n"));
    }
}
