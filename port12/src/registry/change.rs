//! Differences of two registries.

use std::fmt;

use port12_common::Transport;

use super::{PortSet, Registry};

/// The ports that enter and leave a transport's watched set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The transport.
    pub transport: Transport,
    /// Watched after and not before.
    pub entering: PortSet,
    /// Watched before and not after.
    pub leaving: PortSet,
}

/// The transports whose watched set differs.
pub fn changes(before: &Registry, after: &Registry) -> Vec<Change> {
    let change = |transport| {
        let (old, new) = (before.watched(transport), after.watched(transport));
        Change { transport, entering: new.without(&old), leaving: old.without(&new) }
    };
    let differs = |change: &Change| !change.entering.is_empty() || !change.leaving.is_empty();
    Transport::ALL.into_iter().map(change).filter(differs).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.transport)?;
        if !self.entering.is_empty() {
            write!(formatter, " entering the unassigned set {}", self.entering)?;
        }
        if !self.entering.is_empty() && !self.leaving.is_empty() {
            formatter.write_str(";")?;
        }
        if !self.leaving.is_empty() {
            write!(formatter, " leaving the unassigned set {}", self.leaving)?;
        }
        Ok(())
    }
}
