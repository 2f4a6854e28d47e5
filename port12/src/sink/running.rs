//! A running sink.

use std::{
    io::{self, IsTerminal},
    path::Path,
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Counts, Form, Record, SinkError, SinkSpec, Target,
    counts::count,
    outlet::{self, Outlet},
    worker::{Order, Shared, Worker, mend},
};
use crate::{privileges, trusted_path::PathError};

/// Records that wait for a sink at most: what a ring buffer holds, which is read at once, and what two CPUs
/// may tell at once. A record takes less than a kilobyte, and all sinks share it.
pub const QUEUE: usize = 16_384;

/// How long a worker may take to notice that nobody waits any longer.
const GRACE: Duration = Duration::from_millis(250);

/// A sink, and the thread that writes for it.
#[derive(Debug)]
pub struct Sink {
    spec: SinkSpec,
    orders: SyncSender<Order>,
    ended: Receiver<()>,
    shared: Arc<Shared>,
}

impl Sink {
    /// Opens the target, and starts the thread. A Unix socket or a named pipe may have its reader
    /// later: it is tried until it has.
    ///
    /// # Errors
    ///
    /// [`SinkError`]: the target can never be written to, or there is no thread.
    pub fn start(spec: SinkSpec) -> Result<Self, SinkError> {
        let outlet = first_outlet(&spec)?;
        let (orders, queue) = mpsc::sync_channel(QUEUE);
        let (end, ended) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(spec.clone(), outlet, Arc::clone(&shared));
        let spawned = privileges::spawn(&format!("sink {}", spec.form), move || {
            worker.work(&queue);
            // Nobody waits for it after a stalled end.
            let _ = end.send(());
        });
        match spawned {
            Ok(_) => Ok(Self { spec, orders, ended, shared }),
            Err(error) => Err(SinkError::Thread { spec, error }),
        }
    }

    /// Specification.
    pub fn spec(&self) -> &SinkSpec {
        &self.spec
    }

    /// Identity of its file, if it has one.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        *self.shared.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a record, if it is one that this sink takes, and waits for nothing. Where the queue is
    /// full the record is lost, and counted.
    pub fn offer(&self, record: &Arc<Record>) {
        if !self.spec.takes(record) {
            return;
        }
        let counters = &self.shared.counters;
        count(&counters.offered);
        match self.orders.try_send(Order::Write(Arc::clone(record))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => count(&counters.lost),
        }
    }

    /// Queues a record, if it is one that this sink takes, and waits for room; once it has waited for
    /// `patience` and nothing has been written, it waits no longer until something is.
    pub fn offer_patiently(&self, record: &Arc<Record>, patience: Duration) {
        if !self.spec.takes(record) {
            return;
        }
        let counters = &self.shared.counters;
        count(&counters.offered);
        let mut order = Order::Write(Arc::clone(record));
        let mut written = self.counts().written;
        let mut deadline = Instant::now() + patience;
        loop {
            order = match self.orders.try_send(order) {
                Ok(()) => return,
                Err(TrySendError::Disconnected(_)) => break,
                Err(TrySendError::Full(order)) => order,
            };
            let now = self.counts().written;
            if now > written {
                (written, deadline) = (now, Instant::now() + patience);
                self.shared.is_stalled.store(false, Ordering::Relaxed);
            } else if self.shared.is_stalled.load(Ordering::Relaxed) || Instant::now() >= deadline {
                self.shared.is_stalled.store(true, Ordering::Relaxed);
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        count(&counters.lost);
    }

    /// Whether its reader has gone for good: standard output was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Ordering::Relaxed)
    }

    /// Opens the target anew, behind what is queued: a file may have been moved away. Waits for
    /// nothing; where the queue is full the target is opened before the next record is written.
    pub fn reopen(&self) {
        match self.orders.try_send(Order::Reopen) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => self.shared.reopens.store(true, Ordering::Relaxed),
        }
    }

    /// Counts of the records so far.
    pub fn counts(&self) -> Counts {
        self.shared.counters.read()
    }

    /// Ends it: waits for `patience` until everything is written, and tells what became of it.
    pub fn finish(self, patience: Duration) -> Counts {
        self.close().finish(Instant::now() + patience)
    }

    /// Takes nothing any more.
    pub(super) fn close(self) -> Closed {
        drop(self.orders);
        Closed { ended: self.ended, shared: self.shared }
    }
}

/// A sink that writes what it has.
pub(super) struct Closed {
    ended: Receiver<()>,
    shared: Arc<Shared>,
}

impl Closed {
    pub(super) fn finish(self, deadline: Instant) -> Counts {
        let left = deadline.saturating_duration_since(Instant::now());
        if self.ended.recv_timeout(left).is_err() {
            self.shared.stops.store(true, Ordering::Relaxed);
            let _ = self.ended.recv_timeout(GRACE);
        }
        let mut counts = self.shared.counters.read();
        // Where the thread hangs in the kernel it does not count what it leaves.
        counts.lost = counts.offered - counts.written;
        counts
    }
}

/// The open target, or none where its reader may come later.
fn first_outlet(spec: &SinkSpec) -> Result<Option<Outlet>, SinkError> {
    let unfit = |what| Err(SinkError::Unfit { spec: spec.clone(), what });
    let outlet = match outlet::open(spec) {
        Ok(outlet) => outlet,
        Err(error) => {
            if error.kind() == io::ErrorKind::NotFound {
                has_directory(spec)?;
            }
            return match reason(&error) {
                Some(PathError::Kind { found, .. }) => unfit(found),
                Some(_) => Err(SinkError::Open { spec: spec.clone(), error }),
                None if comes_later(spec, &error) => Ok(None),
                None => Err(SinkError::Open { spec: spec.clone(), error }),
            };
        }
    };
    if spec.form == Form::Pcapng && outlet.file().is_terminal() {
        return unfit("a terminal, and a capture is not text: redirect it, or name a file");
    }
    match mend(spec, &outlet) {
        Ok(()) => Ok(Some(outlet)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            unfit("no pcapng file: move it away, or name another")
        }
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(Some(outlet)),
        Err(error) => Err(SinkError::Open { spec: spec.clone(), error }),
    }
}

/// The property of a path for which it was refused, if it was not the system that refused it.
fn reason(error: &io::Error) -> Option<&PathError> {
    error.get_ref()?.downcast_ref()
}

fn has_directory(spec: &SinkSpec) -> Result<(), SinkError> {
    let directory = match spec.target.path().and_then(Path::parent) {
        Some(directory) if directory.as_os_str().is_empty() => Path::new("."),
        Some(directory) => directory,
        None => return Ok(()),
    };
    match directory.exists() {
        true => Ok(()),
        false => {
            let directory = directory.to_owned();
            Err(SinkError::Directory { spec: spec.clone(), directory })
        }
    }
}

/// Whether a target may have a reader later on.
fn comes_later(spec: &SinkSpec, error: &io::Error) -> bool {
    match &spec.target {
        Target::Unix(_) => error.kind() != io::ErrorKind::PermissionDenied,
        Target::File(_) => error.raw_os_error() == Some(libc::ENXIO),
        Target::Stdout => false,
    }
}

#[cfg(test)]
mod tests;
