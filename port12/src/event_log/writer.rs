//! Thread of the event log.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{
    LONGEST, Ring,
    budget::Budget,
    queue::{Queue, Wake},
    segments::Segments,
};
use crate::{
    model::event::Record,
    sink::{Form, Format, format_of},
    text::Printable,
    trusted_path::Directory,
};

/// Mode of the directory.
const MODE: u32 = 0o700;

/// Records that are encoded and written at once.
const CHUNK: usize = 64;

/// Attempts to lock the directory, and the time between them.
const ATTEMPTS: usize = 5;
const MOMENT: Duration = Duration::from_millis(20);

/// Time from a failure to the next attempt.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    path: PathBuf,
    queue: Arc<Queue>,
    format: Box<dyn Format>,
    directory: Option<Locked>,
    rings: [RingWriter; Ring::ALL.len()],
    /// Time of the next attempt after a failure.
    retry: Option<Instant>,
    /// Cause that was reported last.
    failed: Option<String>,
}

/// Directory that no other process writes to.
struct Locked {
    directory: Directory,
    /// Held: closing it releases the lock.
    lock: File,
}

impl Locked {
    /// Whether the path still leads to this directory.
    fn is_in_place(&self) -> bool {
        let id = |it: fs::Metadata| (it.dev(), it.ino());
        let named = fs::symlink_metadata(self.directory.path()).ok().map(id);
        named.is_some() && named == self.lock.metadata().ok().map(id)
    }
}

struct RingWriter {
    segments: Segments,
    budget: Budget,
}

/// Locks a directory. A reader that looks whether it is locked holds it for a moment.
fn lock_alone(directory: &File) -> io::Result<()> {
    for _ in 0..ATTEMPTS {
        match flock(directory, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => thread::sleep(MOMENT),
            locked => return locked.map_err(io::Error::from),
        }
    }
    Err(io::Error::other("another process writes to it"))
}

impl Writer {
    pub(super) fn new(path: PathBuf, queue: Arc<Queue>) -> Self {
        let now = Instant::now();
        let ring = |ring| RingWriter { segments: Segments::new(ring), budget: Budget::new(now) };
        let rings = Ring::ALL.map(ring);
        let format = format_of(Form::Eve);
        Self { path, queue, format, directory: None, rings, retry: None, failed: None }
    }

    /// Writes until the queue is closed, and then the rest.
    pub(super) fn run(mut self) {
        if let Err(error) = self.open() {
            self.fail(&error);
        }
        while self.queue.wait(self.due()) == Wake::Due {
            for ring in Ring::ALL {
                self.write(ring, false);
            }
        }
        for ring in Ring::ALL {
            self.write(ring, true);
        }
    }

    /// Earliest time of the next write of each ring.
    fn due(&self) -> [Instant; Ring::ALL.len()] {
        let now = Instant::now();
        Ring::ALL.map(|ring| {
            let due = self.rings[ring as usize].budget.due(now);
            self.retry.map_or(due, |retry| retry.max(due))
        })
    }

    /// Writes the records of a ring, as far as its budget permits or until the end.
    fn write(&mut self, ring: Ring, is_last: bool) {
        while is_last || self.due()[ring as usize] <= Instant::now() {
            let records = self.queue.take(ring, CHUNK);
            if records.is_empty() {
                return;
            }
            if let Err(error) = self.write_chunk(ring, &records) {
                self.queue.put_back(ring, records);
                self.fail(&error);
                return;
            }
            self.recover();
        }
    }

    fn write_chunk(&mut self, ring: Ring, records: &[Arc<Record>]) -> io::Result<()> {
        let (lines, count) = self.encode(records);
        if count > 0 {
            self.open()?;
            if let Some(Locked { directory, .. }) = &self.directory {
                self.rings[ring as usize].segments.append(directory, &lines, count)?;
            }
            self.rings[ring as usize].budget.spend(lines.len(), Instant::now());
        }
        self.queue.count(count as u64, (records.len() - count) as u64);
        Ok(())
    }

    /// Lines of the records, and their number.
    fn encode(&mut self, records: &[Arc<Record>]) -> (Vec<u8>, usize) {
        let (mut lines, mut count) = (Vec::new(), 0);
        for record in records {
            let before = lines.len();
            self.format.write(record, &mut lines);
            match lines.len() - before {
                1..LONGEST => count += 1,
                _ => lines.truncate(before),
            }
        }
        (lines, count)
    }

    /// Opens and locks the directory, unless the open files are the ones in it.
    fn open(&mut self) -> io::Result<()> {
        if let Some(locked) = &self.directory
            && locked.is_in_place()
            && self.rings.iter().all(|it| it.segments.is_in_place(&locked.directory))
        {
            return Ok(());
        }
        self.close();
        let directory = Directory::create(&self.path, MODE)?;
        directory.is_private()?;
        let lock = directory.readable()?;
        lock_alone(&lock)?;
        self.directory = Some(Locked { directory, lock });
        Ok(())
    }

    fn close(&mut self) {
        self.directory = None;
        self.rings.iter_mut().for_each(|it| it.segments.close());
    }

    /// Reports each cause once.
    fn fail(&mut self, error: &io::Error) {
        self.close();
        self.retry = Some(Instant::now() + RETRY);
        let cause = error.to_string();
        if self.failed.as_ref() != Some(&cause) {
            let path = Printable(self.path.display());
            log::warn!(
                "the event log {path} cannot be written to: {cause}; it is tried again, and the newest records wait"
            );
            self.failed = Some(cause);
        }
    }

    fn recover(&mut self) {
        self.retry = None;
        if self.failed.take().is_some() {
            log::warn!("the event log {} is written to again", Printable(self.path.display()));
        }
    }
}
