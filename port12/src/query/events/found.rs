//! Event log of a host.

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{
    super::daemon::{daemon_state, runtime_directory},
    EventsError,
    place::Place,
};
use crate::{
    event_log::{DIRECTORY, Ring},
    model::EventLogState,
    trusted_path::Directory,
};

/// Event log of a host, and the state of its writer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundLog {
    /// Directory of its files.
    pub directory: PathBuf,
    /// Whether a process writes to it.
    pub is_live: bool,
    /// Records that wait in the memory of that process; `None` if it is not known.
    pub waiting: Option<u64>,
    /// Records that the process has lost; `None` if it is not known.
    pub lost: Option<u64>,
}

/// Finds the event log of the daemon that has a pin directory: the log that it names in its state, or else the one of
/// these directories that was written to last.
///
/// # Errors
///
/// [`EventsError`]: there is none, or it cannot be read.
pub fn event_log(
    state_dir: &Path,
    runtime_dir: &Path,
    pin_dir: &Path,
) -> Result<FoundLog, EventsError> {
    let runtime = runtime_directory(runtime_dir, pin_dir);
    match named_by_daemon(runtime.as_deref())? {
        Some(EventLogState { directory, waiting, lost, .. }) => {
            let directory = newest([directory.into()].into())?;
            // A daemon that cannot write to it has no lock.
            let is_live = waiting > 0 || is_locked(&directory)?;
            Ok(FoundLog { directory, is_live, waiting: Some(waiting), lost: Some(lost) })
        }
        None => {
            let all = [Some(state_dir), runtime.as_deref()].into_iter().flatten();
            let directory = newest(all.map(|it| it.join(DIRECTORY)).collect())?;
            let is_live = is_locked(&directory)?;
            Ok(FoundLog { directory, is_live, waiting: None, lost: None })
        }
    }
}

/// Event log of the daemon with a runtime directory; `None` if no daemon is known.
fn named_by_daemon(runtime: Option<&Path>) -> Result<Option<EventLogState>, EventsError> {
    let daemon = runtime.and_then(|it| daemon_state(it).ok().flatten());
    let Some((pid, alerts)) = daemon.and_then(|it| it.alerts.map(|alerts| (it.pid, alerts))) else {
        return Ok(None);
    };
    alerts.event_log.map(Some).ok_or(EventsError::NotKept { pid })
}

/// The directory that was written to last.
fn newest(directories: Vec<PathBuf>) -> Result<PathBuf, EventsError> {
    let mut newest: Option<(SystemTime, &PathBuf)> = None;
    for directory in &directories {
        let written = last_write(directory).map_err(failed(directory))?;
        newest = newest.max(written.map(|it| (it, directory)));
    }
    match newest {
        Some((_, directory)) => Ok(directory.clone()),
        None => Err(EventsError::None(directories)),
    }
}

/// Time of the last write to an event log; `None` if there is none.
fn last_write(directory: &Path) -> io::Result<Option<SystemTime>> {
    let opened = match Directory::open(directory) {
        Ok(opened) => opened.readable()?,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut last = opened.metadata()?.modified()?;
    for name in Ring::ALL.into_iter().flat_map(|it| [it.current(), it.previous()]) {
        if let Some(file) = Place::Trusted(directory.to_owned(), name).open()? {
            last = last.max(file.metadata()?.modified()?);
        }
    }
    Ok(Some(last))
}

/// Whether a process writes to an event log: it holds a lock on the directory.
fn is_locked(directory: &Path) -> Result<bool, EventsError> {
    let locked = || {
        let opened = Directory::open(directory)?.readable()?;
        // Closing it releases the lock.
        match flock(&opened, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(Errno::WOULDBLOCK) => Ok(true),
            Err(errno) => Err(errno.into()),
        }
    };
    locked().map_err(failed(directory))
}

fn failed(directory: &Path) -> impl FnOnce(io::Error) -> EventsError {
    move |source| EventsError::Read { path: directory.to_owned(), source }
}
