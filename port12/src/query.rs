//! States read from pinned maps, without the process that watches.

mod interface;
mod pinned;
mod sources;

pub use interface::{
    Attachment, ForwardingAnswer, Names, ProgramReading, describe, forwarding, frame_counts,
    interface_state, mode_state, policy_counts,
};
pub use pinned::{QueryError, interface_state as pinned_interface, state};
pub use sources::sources_state;
