//! States read from pinned maps, without the process that watches.

mod bans;
mod daemon;
mod difference;
pub mod events;
mod host_changes;
mod interface;
mod interface_probes;
mod pinned;
mod sources;
pub mod who;

use std::time::SystemTime;

pub use daemon::{DaemonError, RUNTIME_DIR, daemon_state, runtime_directory};
pub use difference::{Agreement, Candidate, Comparison, compare};
pub use host_changes::host_changes;
pub use interface::{
    Attachment, ForwardingAnswer, Names, ProgramReading, describe, forwarding, frame_counts,
    interface_state, mode_state, policy_counts,
};
pub use interface_probes::InterfaceProbes;
pub use pinned::{Query, QueryError, interface_state as pinned_interface, open_each};
pub use sources::sources_state;

use crate::{
    host::time::since_boot,
    model::{Origin, State},
    registry::Registry,
};

/// State at this moment, without interfaces.
pub fn empty(origin: Origin, registry: &Registry) -> State {
    let clock_ns = u64::try_from(since_boot().as_nanos()).unwrap_or(u64::MAX);
    State::empty(origin, SystemTime::now(), clock_ns, registry.into())
}
