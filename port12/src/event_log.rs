//! Event log: the newest records, on disk, for `port12 events`.
//!
//! Input: the records of the pipeline. Output: files of EVE records in one directory. Two rings hold 4,096 records each:
//! probes, and all other records, so that a flood of probes replaces no ban and no alert. Records are queued, and nothing
//! waits for the disk: the thread `event log` writes them.

mod budget;
mod queue;
mod segments;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use self::{queue::Queue, writer::Writer};
use crate::{
    model::{
        EventLogState,
        event::{Event, Record},
    },
    privileges,
};

/// Records of a ring, at most.
pub const RECORDS: usize = 4096;

/// Bytes of a line, at most: a longer record is lost.
pub const LONGEST: usize = 1 << 20;

/// Name of the log's directory, in the state directory or the runtime directory.
pub const DIRECTORY: &str = "events";

/// A ring: records of the same kind, of which the newest are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ring {
    /// Probes.
    Probes,
    /// All other records.
    Alerts,
}

impl Ring {
    /// Every ring.
    pub const ALL: [Self; 2] = [Self::Probes, Self::Alerts];

    /// Ring of an event.
    pub fn of(event: &Event) -> Self {
        if event.probe().is_some() { Self::Probes } else { Self::Alerts }
    }

    /// Name of the file that is written to.
    pub const fn current(self) -> &'static str {
        match self {
            Self::Probes => "probes.json",
            Self::Alerts => "alerts.json",
        }
    }

    /// Name of the file that was written to before.
    pub const fn previous(self) -> &'static str {
        match self {
            Self::Probes => "probes.1.json",
            Self::Alerts => "alerts.1.json",
        }
    }
}

/// Event log of a process.
#[derive(Debug)]
pub struct EventLog {
    directory: PathBuf,
    queue: Arc<Queue>,
    ended: Receiver<()>,
}

impl EventLog {
    /// Starts the thread. The directory is created with the first record; if that fails, it is tried again.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn start(directory: PathBuf) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (end, ended) = mpsc::channel();
        let writer = Writer::new(directory.clone(), Arc::clone(&queue));
        privileges::spawn("event log", move || {
            writer.run();
            let _ = end.send(());
        })?;
        Ok(Self { directory, queue, ended })
    }

    /// Directory of the files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Queues a record, and waits for nothing.
    pub fn offer(&self, record: &Arc<Record>) {
        self.queue.push(record);
    }

    /// Records so far.
    pub fn state(&self) -> EventLogState {
        let directory = self.directory.display().to_string();
        EventLogState { directory, ..self.queue.counts() }
    }

    /// Writes the queued records, within a time, and ends the thread. Records that are not written are lost.
    pub fn finish(self, patience: Duration) -> EventLogState {
        self.queue.close();
        if self.ended.recv_timeout(patience).is_err() {
            log::warn!("the event log {} was not written in time", self.directory.display());
        }
        let state = self.state();
        EventLogState { lost: state.lost + state.waiting, waiting: 0, ..state }
    }
}

#[cfg(test)]
mod tests;
