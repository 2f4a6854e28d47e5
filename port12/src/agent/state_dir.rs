//! Choice of the directory for files that outlive the agent.

use std::path::Path;

use super::Tell;
use crate::state_dir::{StateDirError, StateDirectory};

/// Directory for files that outlive the agent.
#[derive(Clone, Copy, Debug)]
pub enum StateDir<'a> {
    /// No directory: nothing is kept, and nothing is read.
    None,
    /// A directory that is read if it exists. For an agent that ends at once.
    Existing(&'a Path),
    /// A directory that is created if it is missing.
    Owned(&'a Path),
}

impl StateDir<'_> {
    /// Whether the agent is to own the directory.
    pub(super) fn is_owned(self) -> bool {
        match self {
            Self::None | Self::Existing(_) => false,
            Self::Owned(_) => true,
        }
    }

    /// Opens the directory, or the one of this agent in the runtime directory if it cannot be used. Watching goes on
    /// without either.
    pub(super) fn open(self, runtime: Option<&Path>, tell: Tell) -> Option<StateDirectory> {
        match self {
            Self::None => None,
            Self::Existing(path) => existing(path, runtime, tell),
            Self::Owned(path) => owned(path, runtime, tell),
        }
    }
}

fn existing(path: &Path, runtime: Option<&Path>, tell: Tell) -> Option<StateDirectory> {
    match StateDirectory::open(path) {
        Ok(directory) => directory,
        // Its owner is another agent: the state of this one is in the runtime directory.
        Err(StateDirError::Held { .. }) => runtime.and_then(|it| StateDirectory::open(it).ok()?),
        Err(error) => {
            tell(&format_args!("no ban or confirmation is read back: {error}"));
            None
        }
    }
}

fn owned(path: &Path, runtime: Option<&Path>, tell: Tell) -> Option<StateDirectory> {
    let error = match StateDirectory::create(path) {
        Ok(directory) => return Some(directory),
        Err(error) => error,
    };
    let instead = runtime.map(|it| (it, StateDirectory::create(it)));
    match instead {
        Some((path, Ok(directory))) => {
            tell(&format_args!(
                "{error}; bans, confirmations and events are kept in {} until the next boot: name another directory \
                 with --state-dir",
                path.display()
            ));
            Some(directory)
        }
        Some((_, Err(second))) => {
            tell(&format_args!(
                "{error}, and {second}; bans, confirmations and events end with `port12 run`: name another directory \
                 with --state-dir"
            ));
            None
        }
        None => {
            tell(&format_args!(
                "{error}; bans and events end with `port12 run`: name another directory with --state-dir"
            ));
            None
        }
    }
}
