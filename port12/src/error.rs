//! Any error of the library.

use thiserror::Error as ThisError;

use crate::{
    agent::AgentError,
    capture::CaptureError,
    config::{ConfigError, edit::EditError},
    host::{HostError, interfaces::Unsupported},
    kernel::{
        allowlist::AllowlistError, bans::BansError, load_error::LoadError, pin_error::PinError,
        pinned::PinnedError,
    },
    query::{QueryError, events::EventsError},
    registry::RegistryError,
    replay::ReplayError,
    sink::SinkError,
    state_dir::pinned::RecordError,
    text::Printable,
    truth::TruthError,
    watch::WatchError,
};

/// Any error of the library. Its sources lead to the answer of the system, if there is one.
#[derive(Debug, ThisError)]
pub enum Error {
    /// Interfaces are not watched as the policy says.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A capture cannot be read. Its path may have been chosen by others.
    #[error("{}", Printable(.0))]
    Capture(#[from] CaptureError),
    /// An allowlist cannot be read or written.
    #[error(transparent)]
    Allowlist(#[from] AllowlistError),
    /// The bans cannot be read or written.
    #[error(transparent)]
    Bans(#[from] BansError),
    /// The policy file is not accepted.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy file cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Kept records cannot be read.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The host cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The program cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The pin directory cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The pinned state cannot be used.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The state cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A state directory cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The registry file is not accepted.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A replay ended early.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A sink cannot be opened.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The program does not know the host.
    #[error(transparent)]
    Truth(#[from] TruthError),
    /// The frames of an interface cannot be read.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An interface is not watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
}
