//! Counts of a program, as differences since they were read last.

use std::sync::Arc;

use port12_common::Transport;

use super::Watched;
use crate::{
    event::Probe,
    kernel::events::{self, Reading},
    ledger::Ledger,
    model::event::TooDeepAlert,
};

impl Watched {
    /// Conversation starts that a socket has taken since this was asked last, by port.
    pub fn taken(&mut self) -> Vec<(Transport, u16, u64)> {
        self.taken.news(self.instance.counters())
    }

    /// Alerts on packets with too many headers; `is_last` ends the rate limit.
    pub fn too_deep(&mut self, is_last: bool) -> Vec<TooDeepAlert> {
        let interface = Arc::from(&*self.name);
        self.too_deep.news(self.instance.counters(), &interface, is_last)
    }

    /// Events that were lost since the start of this process, because the ring buffer was full.
    pub fn lost_events(&self) -> u64 {
        events::stats(self.instance.counters()).lost.saturating_sub(self.lost_before)
    }

    /// Takes note of who has knocked.
    pub fn note_sources(&mut self, ledger: &mut Ledger) {
        let moment = self.moment();
        ledger.update(&self.instance.sources().read(), moment.jiffies);
    }

    /// Hands on what has happened since it was asked last.
    pub fn events(&mut self, mut take: impl FnMut(Probe)) {
        let reading = Reading::new(&self.name, self.layer);
        while let Some(event) = self.ring.next(&reading) {
            take(event);
        }
    }
}
