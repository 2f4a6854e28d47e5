//! The thread that looks for who is behind contacts, as soon as the kernel program tells of them: a client may be gone
//! in a millisecond.

use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender as Tell},
    },
    thread,
    time::{Duration, Instant},
};

use aya::maps::{MapData, RingBuf};

use super::pace::{Pace, SHARE};
use crate::{
    outbound::{Contact, Reading},
    privileges,
    who::{self, Sender},
};

/// How long it waits for the program before it looks whether it is to end.
const WAIT: Duration = Duration::from_millis(100);

/// Contacts that are looked at together, at most.
const TOGETHER: usize = 256;

/// Looks until it is dropped.
pub(super) struct Seeker {
    names: Names,
    found: Receiver<(Contact, Sender)>,
    is_end: Arc<AtomicBool>,
}

/// The names of interfaces.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<BTreeMap<u32, Arc<str>>>>);

impl Names {
    fn of(&self, index: u32) -> Arc<str> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&index).map_or_else(|| format!("interface {index}").into(), Arc::clone)
    }
}

impl Seeker {
    /// Starts the thread, in the network namespace of the caller.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub(super) fn start(ring: RingBuf<MapData>) -> io::Result<Self> {
        let (names, is_end) = (Names::default(), Arc::<AtomicBool>::default());
        let (tell, found) = mpsc::channel();
        let mut seeking = Seeking {
            ring,
            names: names.clone(),
            tell,
            is_end: Arc::clone(&is_end),
            pace: Pace::default(),
            walks_after: Instant::now(),
        };
        // Nobody waits for it: /proc may hang.
        privileges::spawn("outbound", move || while seeking.go_on() {})?;
        Ok(Self { names, found, is_end })
    }

    /// Says what an interface is called.
    pub(super) fn name(&self, index: u32, name: &Arc<str>) {
        let mut names = self.names.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(index, Arc::clone(name));
    }

    /// Forgets what an interface was called.
    pub(super) fn forget(&self, index: u32) {
        self.names.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
    }

    /// Findings since the last call.
    pub(super) fn found(&self) -> Vec<(Contact, Sender)> {
        self.found.try_iter().collect()
    }

    /// Findings until the end, within a time.
    pub(super) fn finish(&self, patience: Duration) -> Vec<(Contact, Sender)> {
        self.is_end.store(true, Ordering::Relaxed);
        let end = Instant::now() + patience;
        let next = || self.found.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).collect()
    }
}

impl Drop for Seeker {
    fn drop(&mut self) {
        self.is_end.store(true, Ordering::Relaxed);
    }
}

struct Seeking {
    ring: RingBuf<MapData>,
    names: Names,
    tell: Tell<(Contact, Sender)>,
    is_end: Arc<AtomicBool>,
    pace: Pace,
    /// A walk over all processes takes no more than its own part of the time.
    walks_after: Instant,
}

impl Seeking {
    /// Waits for contacts, and looks who is behind them. Whether there may be more.
    fn go_on(&mut self) -> bool {
        if !self.is_end() {
            self.rest();
            self.wait();
        }
        let is_end = self.is_end();
        loop {
            let contacts = self.contacts();
            if contacts.is_empty() {
                return !is_end;
            }
            if !self.seek(contacts) {
                return false;
            }
            if !is_end {
                return true;
            }
        }
    }

    fn is_end(&self) -> bool {
        self.is_end.load(Ordering::Relaxed)
    }

    /// Many sockets or descriptors, or a /proc that hangs, must not keep a CPU busy.
    fn rest(&self) {
        while !self.is_end() {
            match self.pace.rest(Instant::now()) {
                Duration::ZERO => return,
                rest => thread::sleep(rest.min(WAIT)),
            }
        }
    }

    fn wait(&self) {
        let mut poll =
            libc::pollfd { fd: self.ring.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor, which is open while it is polled.
        unsafe { libc::poll(&raw mut poll, 1, WAIT.as_millis() as libc::c_int) };
    }

    fn contacts(&mut self) -> Vec<Contact> {
        let reading = Reading::new();
        let mut contacts = Vec::new();
        while contacts.len() < TOGETHER
            && let Some(record) = self.ring.next()
        {
            contacts.extend(reading.contact(&record, |index| self.names.of(index)));
        }
        contacts
    }

    /// Hands on who is behind contacts. Whether somebody is there to hear of it.
    fn seek(&mut self, contacts: Vec<Contact>) -> bool {
        let began = Instant::now();
        let mut walked = false;
        let senders =
            who::senders(&contacts.iter().map(Contact::origin).collect::<Vec<_>>(), || {
                walked = began >= self.walks_after;
                walked
            });
        let end = Instant::now();
        match walked {
            true => self.walks_after = end + (end - began) * (SHARE - 1),
            false => self.pace.note(began, end),
        }
        contacts.into_iter().zip(senders).all(|found| self.tell.send(found).is_ok())
    }
}
