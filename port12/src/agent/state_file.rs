//! State file: the parts of the state that only this process knows, for other processes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_NOW};

use crate::{
    model::{DaemonState, Setting, State},
    privileges,
    trusted_path::{self, Directory, PathError},
};

/// Mode of the directory of an agent.
const DIRECTORY: u32 = 0o700;

/// Mode of the file.
const FILE: u32 = 0o600;

/// Name of the file.
const NAME: &str = "state";

/// Values of the policy in force, by key.
pub(super) type Settings = Arc<BTreeMap<String, Setting>>;

/// Writer of the state file, in a thread of its own: a slow disk delays nothing else. The file is removed when this is
/// dropped.
pub(super) struct StateFile {
    /// Only the last state matters: one that finds the queue full is left out.
    queue: Option<SyncSender<(Arc<State>, Settings)>>,
    end: Receiver<()>,
}

impl StateFile {
    /// Starts the thread for the file of a directory.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub(super) fn start(directory: PathBuf) -> std::io::Result<Self> {
        let (queue, states) = mpsc::sync_channel(1);
        let (ended, end) = mpsc::channel();
        privileges::spawn("state", move || {
            Writer::new(directory).run(&states);
            let _ = ended.send(());
        })?;
        Ok(Self { queue: Some(queue), end })
    }

    /// Writes a state if it differs from the last one, and marks the file as fresh. Waits for nothing.
    pub(super) fn write(&self, state: &Arc<State>, settings: &Settings) {
        if let Some(queue) = &self.queue {
            let _ = queue.try_send((Arc::clone(state), Arc::clone(settings)));
        }
    }

    /// Removes the file, within a time.
    pub(super) fn end(&mut self, patience: Duration) {
        self.queue = None;
        if self.end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            log::warn!("the state file was not removed in time");
        }
    }
}

struct Writer {
    directory: PathBuf,
    written: Option<DaemonState>,
    /// Cause that was reported last.
    failed: Option<String>,
}

impl Writer {
    fn new(directory: PathBuf) -> Self {
        Self { directory, written: None, failed: None }
    }

    fn run(mut self, states: &Receiver<(Arc<State>, Settings)>) {
        for (state, settings) in states {
            match self.write(&DaemonState::of(&state, (*settings).clone())) {
                Ok(()) => self.failed = None,
                Err(error) => self.report(&error),
            }
        }
        if self.written.is_some()
            && let Err(error) = remove(&self.directory)
        {
            log::debug!("{error}");
        }
    }

    fn write(&mut self, state: &DaemonState) -> Result<(), PathError> {
        let is_there = self.written.as_ref() == Some(state) && touch(&self.directory).is_ok();
        if !is_there {
            self.written = None;
            Directory::create(&self.directory, DIRECTORY)?;
            // Types alone: nothing in them can fail to be written.
            let bytes = serde_json::to_vec(state).unwrap_or_default();
            trusted_path::replace(&self.directory.join(NAME), &bytes, FILE)?;
            self.written = Some(state.clone());
        }
        Ok(())
    }

    /// Reports each cause once.
    fn report(&mut self, error: &PathError) {
        let cause = error.to_string();
        if self.failed.as_ref() != Some(&cause) {
            log::warn!(
                "{cause}: other commands do not see listeners, outbound flow starts, alerts and sinks; name another \
                 directory with --runtime-dir"
            );
            self.failed = Some(cause);
        }
    }
}

/// Marks the file as fresh.
fn touch(directory: &Path) -> Result<(), PathError> {
    let now = || Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now(), last_modification: now() };
    let opened = Directory::open(directory)?;
    rustix::fs::utimensat(&opened, NAME, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| PathError::System { path: directory.join(NAME), error: errno.into() })
}

/// Removes the file, and its directory if it is empty.
fn remove(directory: &Path) -> Result<(), PathError> {
    let failed = |errno: rustix::io::Errno| PathError::System {
        path: directory.join(NAME),
        error: errno.into(),
    };
    let opened = Directory::open(directory)?;
    rustix::fs::unlinkat(&opened, NAME, AtFlags::empty()).map_err(failed)?;
    let _ = std::fs::remove_dir(directory);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::MetadataExt as _, time::SystemTime};

    use super::*;
    use crate::{
        model::{Origin, RegistryId},
        query,
    };

    fn state(emitted: u64) -> Arc<State> {
        let mut state = State::empty(Origin::Live, SystemTime::UNIX_EPOCH, 1, RegistryId::of(""));
        state.alerts = Some(crate::model::AlertStats { emitted, ..Default::default() });
        Arc::new(state)
    }

    fn daemon_state(emitted: u64) -> DaemonState {
        DaemonState::of(&state(emitted), BTreeMap::new())
    }

    #[test]
    fn a_state_is_read_back_as_long_as_it_is_fresh() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("runtime/1-2");
        let mut writer = Writer::new(directory.clone());
        writer.write(&daemon_state(7)).unwrap();
        let file = directory.join(NAME);
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o7777, FILE);
        let read = query::daemon_state(&directory).unwrap().unwrap();
        assert_eq!(read.alerts.unwrap().emitted, 7);
        let old = std::fs::File::options().write(true).open(&file).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        assert_eq!(query::daemon_state(&directory).unwrap(), None, "nobody keeps it fresh");
        writer.write(&daemon_state(7)).unwrap();
        assert!(query::daemon_state(&directory).unwrap().is_some(), "a heartbeat without a change");
    }

    #[test]
    fn an_unchanged_state_is_not_written_again_unless_the_file_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("1-2");
        let inode = || std::fs::metadata(directory.join(NAME)).unwrap().ino();
        let mut writer = Writer::new(directory.clone());
        writer.write(&daemon_state(1)).unwrap();
        let first = inode();
        writer.write(&daemon_state(1)).unwrap();
        assert_eq!(inode(), first);
        std::fs::remove_dir_all(&directory).unwrap();
        writer.write(&daemon_state(1)).unwrap();
        assert!(query::daemon_state(&directory).unwrap().is_some());
    }

    #[test]
    fn the_file_is_removed_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("1-2");
        let mut file = StateFile::start(directory.clone()).unwrap();
        file.write(&state(1), &Settings::default());
        while query::daemon_state(&directory).unwrap().is_none() {
            std::thread::yield_now();
        }
        file.end(Duration::from_secs(60));
        assert!(!directory.exists());
    }
}
