//! Queue of the event log: the newest records that are not yet written.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{RECORDS, Ring};
use crate::model::{EventLogState, event::Record};

/// Records that wait, by ring. The lock is held for a few records at a time, and never while a file is written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: [VecDeque<Arc<Record>>; Ring::ALL.len()],
    /// Records that are taken, and neither written nor put back.
    in_hand: u64,
    written: u64,
    superseded: u64,
    lost: u64,
    /// True if records cannot be written: those that newer ones replace are lost.
    fails: bool,
    is_closed: bool,
}

/// Answer to the thread that waits for records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wake {
    /// Records are due.
    Due,
    /// No more records follow.
    Closed,
}

impl State {
    /// Drops the oldest records beyond those that a ring holds.
    fn bound(&mut self, ring: Ring) {
        let queue = &mut self.waiting[ring as usize];
        let excess = queue.len().saturating_sub(RECORDS);
        queue.drain(..excess);
        let counter = if self.fails { &mut self.lost } else { &mut self.superseded };
        *counter += excess as u64;
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a record. The oldest one of a full ring makes room.
    pub(super) fn push(&self, record: &Arc<Record>) {
        let ring = Ring::of(&record.event);
        let mut state = self.lock();
        let was_empty = state.waiting[ring as usize].is_empty();
        state.waiting[ring as usize].push_back(Arc::clone(record));
        state.bound(ring);
        drop(state);
        if was_empty {
            self.changed.notify_one();
        }
    }

    /// Ends the queue.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits until records can be written, given the earliest time for each ring.
    pub(super) fn wait(&self, due: [Instant; Ring::ALL.len()]) -> Wake {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Wake::Closed;
            }
            let waiting =
                Ring::ALL.into_iter().filter(|&it| !state.waiting[it as usize].is_empty());
            let next = waiting.map(|ring| due[ring as usize]).min();
            let Some(next) = next else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let pause = next.saturating_duration_since(Instant::now());
            if pause.is_zero() {
                return Wake::Due;
            }
            let waited = self.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes the oldest records of a ring.
    pub(super) fn take(&self, ring: Ring, most: usize) -> Vec<Arc<Record>> {
        let mut state = self.lock();
        let queue = &mut state.waiting[ring as usize];
        let count = queue.len().min(most);
        let records: Vec<_> = queue.drain(..count).collect();
        state.in_hand = records.len() as u64;
        records
    }

    /// Counts records that were written, and records that never can be.
    pub(super) fn count(&self, written: u64, lost: u64) {
        let mut state = self.lock();
        state.fails = false;
        state.in_hand = 0;
        state.written += written;
        state.lost += lost;
    }

    /// Puts records back that could not be written.
    pub(super) fn put_back(&self, ring: Ring, records: Vec<Arc<Record>>) {
        let mut state = self.lock();
        state.fails = true;
        state.in_hand = 0;
        for record in records.into_iter().rev() {
            state.waiting[ring as usize].push_front(record);
        }
        state.bound(ring);
    }

    pub(super) fn counts(&self) -> EventLogState {
        let state = self.lock();
        let waiting: u64 = state.waiting.iter().map(|it| it.len() as u64).sum();
        let waiting = waiting + state.in_hand;
        let State { written, superseded, lost, .. } = *state;
        EventLogState { directory: String::new(), written, waiting, superseded, lost }
    }
}
