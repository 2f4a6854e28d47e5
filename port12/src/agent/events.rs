//! Events of the programs and of the host, on their way to the sinks.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::{Agent, Lookout};
use crate::model::event::{BanChange, Event};

/// Bans that are reported one by one in a second: forged sources can cause 64.
const TOLD_AT_ONCE: usize = 16;

impl Agent {
    /// Records the sources of probes, before the kernel program evicts them.
    pub fn note_sources(&mut self) {
        for watched in self.watched.iter_mut().filter(|it| !it.gone) {
            watched.note_sources(&mut self.ledger);
        }
        // Those of an interface that has vanished too: it may come back with them.
        let tables: Vec<u64> =
            self.watched.iter().map(|it| it.instance().sources().tables()).collect();
        self.ledger.keep_tables(&tables);
    }

    /// Removes expired bans, and reports bans that were made or removed.
    pub fn sweep_bans(&mut self) {
        let mut lifted = Vec::new();
        for watched in self.watched.iter_mut().filter(|it| !it.gone) {
            let changes = watched.sweep_bans();
            let name = &watched.name;
            match changes {
                Ok(changes) => {
                    let mut made = 0;
                    for event in changes {
                        if let BanChange::Lifted { source, .. } = event.change {
                            lifted.push(source);
                        }
                        let is_made = matches!(event.change, BanChange::Made { .. });
                        made += usize::from(is_made);
                        match is_made && made > TOLD_AT_ONCE {
                            true => self.story.to_sinks(event),
                            false => self.story.event(event),
                        }
                    }
                    for line in self.story.lines() {
                        (self.tell)(&line);
                    }
                    if let more @ 1.. = made.saturating_sub(TOLD_AT_ONCE) {
                        (self.tell)(&format_args!("{name}: {more} more sources are banned"));
                    }
                }
                Err(error) => log::warn!("{name}: {error}"),
            }
        }
        self.forget_bans(&lifted);
    }

    /// Passes events on, and reports scans.
    pub fn tell_events(&mut self) {
        for watched in &mut self.watched {
            watched.events(|event| self.story.event(event));
        }
        if self.lookout.as_ref().is_some_and(Lookout::waits_for_counts) {
            self.note_taken();
        }
        if let Some(lookout) = &self.lookout {
            lookout.notices().into_iter().for_each(|notice| self.story.event(notice));
        }
        if let Some(outbound) = &mut self.outbound {
            outbound.news().into_iter().for_each(|started| self.story.event(started));
        }
        self.story.tick(SystemTime::now());
        self.tell_untold();
    }

    /// Counts connections that reached a socket.
    pub fn note_taken(&mut self) {
        let Some(lookout) = &self.lookout else {
            return;
        };
        let began = Instant::now();
        for watched in &mut self.watched {
            let taken = watched.taken();
            lookout.reached(&Arc::from(&*watched.name), taken);
        }
        lookout.counted(began);
    }

    /// Whether a sink had standard output, and its reader is gone.
    pub fn has_lost_its_reader(&self) -> bool {
        self.story.is_closed()
    }

    /// Reports an event that is not rate-limited elsewhere, at once.
    pub(super) fn report(&mut self, event: impl Into<Event>) {
        self.story.event(event);
        self.tell_untold();
    }

    pub(super) fn tell_untold(&mut self) {
        for line in self.story.lines() {
            (self.tell)(&line);
        }
    }
}
