//! Thread that writes to the state directory: a slow disk delays nothing else.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use crate::{
    privileges,
    state_dir::{KeptState, StateDirectory},
};

/// Time after which a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The thread. It ends when this is dropped.
pub(super) struct Writer {
    queue: SyncSender<KeptState>,
    end: Receiver<()>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub(super) fn start(directory: Arc<StateDirectory>) -> io::Result<Self> {
        let (queue, states) = mpsc::sync_channel(1);
        let (ended, end) = mpsc::channel();
        privileges::spawn("keep", move || {
            Writing { directory, pending: None, written: None, failed: None }.run(&states);
            let _ = ended.send(());
        })?;
        Ok(Self { queue, end })
    }

    /// Has state written in place of what is there. Returns false, at once, if the queue is full.
    pub(super) fn write(&self, state: &KeptState) -> bool {
        self.queue.try_send(state.clone()).is_ok()
    }

    /// Waits until everything is written, within a time.
    pub(super) fn end(self, patience: Duration) {
        let Self { queue, end } = self;
        drop(queue);
        if end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            log::warn!("the last changes of bans and confirmations were not written in time");
        }
    }
}

struct Writing {
    directory: Arc<StateDirectory>,
    /// State that could not be written yet.
    pending: Option<KeptState>,
    written: Option<KeptState>,
    /// Cause that was reported last.
    failed: Option<String>,
}

impl Writing {
    fn run(mut self, states: &Receiver<KeptState>) {
        loop {
            let next = match self.pending {
                Some(_) => states.recv_timeout(RETRY),
                None => states.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let is_last = next == Err(RecvTimeoutError::Disconnected);
            self.pending = next.ok().or(self.pending);
            if let Some(state) = self.pending.take() {
                match self.write(&state) {
                    Ok(()) => (self.written, self.failed) = (Some(state), None),
                    Err(cause) => {
                        self.pending = Some(state);
                        self.report(cause);
                    }
                }
            }
            if is_last {
                return;
            }
        }
    }

    fn write(&self, state: &KeptState) -> Result<(), String> {
        match self.directory.is_in_place() {
            true => {
                let written = state.write(&self.directory, self.written.as_ref());
                written.map_err(|error| error.to_string())
            }
            false => {
                let path = self.directory.path().display();
                Err(format!("{path} was removed, or another directory is in its place"))
            }
        }
    }

    /// Reports each cause once.
    fn report(&mut self, cause: String) {
        if self.failed.as_ref() != Some(&cause) {
            log::warn!(
                "{cause}: no change of bans or confirmations is kept until that mends or port12 is restarted"
            );
            self.failed = Some(cause);
        }
    }
}
