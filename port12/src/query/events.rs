//! Records that were kept: those of the event log, or of an EVE file.

mod found;
mod place;
mod selection;
mod tail;

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

pub use found::{FoundLog, event_log};
pub use selection::{Selection, kinds};

use self::{place::Place, tail::Tail};
use crate::{
    event_log::{RECORDS, Ring},
    text::Printable,
};

/// Reason why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// No event log exists.
    #[error(
        "no event log in {}: `port12 run` writes one; name its directory with --state-dir or --runtime-dir, or an EVE \
         file with --file",
        Printable(.0.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(" or "))
    )]
    None(Vec<PathBuf>),
    /// The daemon that has the pin directory keeps none.
    #[error(
        "`port12 run` (process {pid}) keeps no events: neither its state directory nor its runtime directory could be \
         used. Restart it with another --state-dir, or name an EVE file with --file"
    )]
    NotKept {
        /// Process of the daemon.
        pid: u32,
    },
    /// A file cannot be read.
    #[error("{}: {source}", Printable(path.display()))]
    Read {
        /// The file, or the directory of the event log.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

/// A record, as it is in the file.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Line of the file, without its end.
    pub line: String,
    /// The same, parsed.
    pub record: Value,
}

/// Reader of records, from the oldest to the newest, and of those that follow.
pub struct EventReader {
    path: PathBuf,
    tails: Vec<Tail>,
    /// Lines of each file that count in the first reading: the newest.
    window: usize,
    /// Lines that are no records, since the start.
    skipped: u64,
}

impl EventReader {
    /// Reader of an EVE file.
    ///
    /// # Errors
    ///
    /// [`EventsError`]: the file does not exist, or cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, EventsError> {
        let read = |source| EventsError::Read { path: path.to_owned(), source };
        fs::File::open(path).map_err(read)?;
        let tails = vec![Tail::new(Place::Named(path.to_owned()), None)];
        Ok(Self { path: path.to_owned(), tails, window: usize::MAX, skipped: 0 })
    }

    /// Reader of an event log.
    pub fn of_log(directory: PathBuf) -> Self {
        let tail = |ring: Ring| {
            let place = |name| Place::Trusted(directory.clone(), name);
            Tail::new(place(ring.current()), Some(place(ring.previous())))
        };
        let tails = Ring::ALL.map(tail).into();
        Self { path: directory, tails, window: RECORDS, skipped: 0 }
    }

    /// Selected records since the last reading, by time; the newest `limit` of them, or all if that is 0.
    ///
    /// # Errors
    ///
    /// [`EventsError::Read`].
    pub fn read(
        &mut self,
        selection: &Selection,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, EventsError> {
        let mut all = Vec::new();
        for tail in &mut self.tails {
            let mut newest = VecDeque::new();
            let mut count = 0_usize;
            let read = tail.lines(&mut |line| {
                count += 1;
                match parsed(line) {
                    Some(record) if selection.has(&record) => {
                        if limit > 0 && newest.len() == limit {
                            newest.pop_front();
                        }
                        newest.push_back((count, StoredRecord { line: line.to_owned(), record }));
                    }
                    Some(_) => {}
                    None => self.skipped += 1,
                }
            });
            let path = self.path.clone();
            read.map_err(|source| EventsError::Read { path, source })?;
            let first = count.saturating_sub(self.window);
            all.extend(newest.into_iter().filter(|(it, _)| *it > first).map(|(_, it)| it));
        }
        self.window = usize::MAX;
        if self.tails.len() > 1 {
            // All times have the same format and zone.
            all.sort_by(|a, b| time(a).cmp(time(b)));
        }
        let excess = if limit > 0 { all.len().saturating_sub(limit) } else { 0 };
        all.drain(..excess);
        Ok(all)
    }

    /// Lines so far that are no records.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether records may have been replaced before they were read, since the last call.
    pub fn has_missed(&mut self) -> bool {
        let missed = self.tails.iter().any(|it| it.has_missed);
        self.tails.iter_mut().for_each(|it| it.has_missed = false);
        missed
    }
}

fn parsed(line: &str) -> Option<Value> {
    let record: Value = serde_json::from_str(line).ok()?;
    record["alert"].is_object().then_some(record)
}

fn time(stored: &StoredRecord) -> &str {
    stored.record["timestamp"].as_str().unwrap_or_default()
}
