//! Stream of records for readers in this process.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::model::event::Record;

/// Records that a slow reader can be behind.
pub(super) const BEHIND: usize = 4096;

/// Records of a process, for one reader. Readers wait for each other as little as sinks do.
#[derive(Debug)]
pub struct Records(pub(super) Receiver<Arc<Record>>);

/// Answer to a reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The next record.
    Record(Arc<Record>),
    /// Number of records that were lost: the reader was more than 4,096 behind.
    Lost(u64),
}

impl Records {
    /// Waits for the next record; `None` after the end of the process that sends them.
    pub async fn next(&mut self) -> Option<Next> {
        match self.0.recv().await {
            Ok(record) => Some(Next::Record(record)),
            Err(RecvError::Lagged(lost)) => Some(Next::Lost(lost)),
            Err(RecvError::Closed) => None,
        }
    }
}
