//! The signals that a run heeds.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

/// Request by a signal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// SIGINT, SIGTERM: an end.
    Stop,
    /// SIGHUP: the policy again.
    Reload,
}

/// SIGINT, SIGTERM and SIGHUP.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Whether a reload was asked for while nobody could do it.
    reload: bool,
}

impl Signals {
    /// Starts listening.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            reload: false,
        })
    }

    /// Whether an end was asked for; it takes a moment for the runtime to look. A reload is kept
    /// for later.
    pub async fn want_an_end(&mut self) -> bool {
        while let Ok(asked) = timeout(Duration::from_millis(1), self.next()).await {
            match asked {
                Asked::Stop => return true,
                Asked::Reload => self.reload = true,
            }
        }
        false
    }

    /// Waits for the first of them.
    pub async fn asked(&mut self) -> Asked {
        match std::mem::take(&mut self.reload) {
            true => Asked::Reload,
            false => self.next().await,
        }
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}
