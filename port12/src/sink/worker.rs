//! The thread of a sink: takes records off the queue and writes them, however long that takes.

mod mend;
mod streak;

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Format, Record, SinkSpec, Target,
    counts::{Counters, count},
    format,
    outlet::{self, Outlet, Unwritten},
};
pub(super) use mend::mend;
use streak::Streak;

/// Message to a worker.
pub(super) enum Order {
    /// Write this.
    Write(Arc<Record>),
    /// Open the target anew.
    Reopen,
}

/// State that a worker shares with its owner.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) counters: Counters,
    /// Whether the patience of whoever waits for the end is over.
    pub(super) stops: AtomicBool,
    /// Whether the target is to be opened anew at the next occasion: an order for it found the
    /// queue full.
    pub(super) reopens: AtomicBool,
    /// Whether the reader of standard output has gone: nobody else comes.
    pub(super) is_closed: AtomicBool,
    /// Whether nobody waits for it any longer, for it has written nothing for long.
    pub(super) is_stalled: AtomicBool,
    /// Identity of the open file.
    pub(super) identity: Mutex<Option<(u64, u64)>>,
}

impl Shared {
    /// Takes note of which file is open.
    fn identify(&self, outlet: Option<&Outlet>) {
        let mut identity = self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        *identity = outlet.and_then(Outlet::identity);
    }
}

pub(super) struct Worker {
    spec: SinkSpec,
    format: Box<dyn Format>,
    outlet: Option<Outlet>,
    /// Whether nothing has been written to it since it was opened.
    is_fresh: bool,
    /// The end of a record that could not be written whole, nor taken back.
    rest: Vec<u8>,
    shared: Arc<Shared>,
    streak: Streak,
}

impl Worker {
    /// A worker whose target is open, or could not be opened yet.
    pub(super) fn new(spec: SinkSpec, outlet: Option<Outlet>, shared: Arc<Shared>) -> Self {
        let format = format::of(spec.form);
        let streak = Streak::new(spec.clone());
        shared.identify(outlet.as_ref());
        Self { spec, format, outlet, is_fresh: true, rest: Vec::new(), shared, streak }
    }

    /// Works until nobody offers anything any more.
    pub(super) fn work(mut self, orders: &Receiver<Order>) {
        if self.outlet.is_none() {
            self.reopen();
        }
        for order in orders {
            match order {
                Order::Write(record) => self.write(&record),
                Order::Reopen => self.reopen(),
            }
        }
    }

    /// Writes a record, until it is written or the patience is over.
    fn write(&mut self, record: &Record) {
        while !self.stops() {
            if self.shared.reopens.swap(false, Ordering::Relaxed) {
                self.reopen();
            }
            let Err(error) = self.attempt(record) else {
                count(&self.shared.counters.written);
                self.streak.end(&self.shared.counters);
                return;
            };
            if self.spec.target == Target::Stdout && error.kind() == io::ErrorKind::BrokenPipe {
                self.shared.is_closed.store(true, Ordering::Relaxed);
                self.shared.stops.store(true, Ordering::Relaxed);
                break;
            }
            self.streak.failed(&error, &self.shared.counters);
            // No datagram can be so long: the next one may be shorter.
            if error.raw_os_error() == Some(libc::EMSGSIZE) {
                break;
            }
            self.pause();
        }
        self.rest.clear();
        count(&self.shared.counters.lost);
    }

    fn attempt(&mut self, record: &Record) -> io::Result<()> {
        if self.outlet.is_none() {
            self.open()?;
        }
        // `copytruncate`: what stands at the beginning of a file has gone.
        self.is_fresh |= self.outlet.as_ref().is_some_and(Outlet::is_empty_file);
        let bytes = match self.rest.is_empty() {
            true => self.bytes(record),
            false => std::mem::take(&mut self.rest),
        };
        self.put(&bytes)
    }

    /// A record, and before it what a reader has to see first.
    fn bytes(&mut self, record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.is_fresh {
            self.format.begin(&mut bytes);
        }
        self.format.write(record, &mut bytes);
        bytes
    }

    /// Writes bytes that belong together. Where they are not written whole, the next attempt begins
    /// where a reader expects it: at a file that is as it was, at a stream's new reader, or with the
    /// rest of them.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(outlet) = &mut self.outlet else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stops = || self.shared.stops.load(Ordering::Relaxed);
        let Err(Unwritten { written, error }) = outlet.write(bytes, &stops) else {
            self.is_fresh = false;
            return Ok(());
        };
        match outlet.take_back(written) {
            true => self.outlet = None,
            false => self.rest = bytes[written..].to_vec(),
        }
        Err(error)
    }

    fn open(&mut self) -> io::Result<()> {
        self.rest.clear();
        let outlet = outlet::open(&self.spec)?;
        mend(&self.spec, &outlet)?;
        self.shared.identify(Some(&outlet));
        self.outlet = Some(outlet);
        self.is_fresh = true;
        Ok(())
    }

    /// Opens what has a path anew: a file may have been moved, a reader may be another.
    fn reopen(&mut self) {
        if self.spec.target == Target::Stdout && self.outlet.is_some() {
            return;
        }
        self.outlet = None;
        if let Err(error) = self.open() {
            self.streak.failed(&error, &self.shared.counters);
        }
    }

    fn stops(&self) -> bool {
        self.shared.stops.load(Ordering::Relaxed)
    }

    /// Waits before the next attempt, unless there is a reason to make it at once.
    fn pause(&self) {
        let end = Instant::now() + self.streak.pause();
        while Instant::now() < end && !self.stops() {
            if self.shared.reopens.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(TURN);
        }
    }
}

/// How long a worker waits without looking whether it is to go on.
const TURN: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
