//! Errors of the agent.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{
    config::ConfigError,
    host::{HostError, interfaces::Unsupported},
    kernel::pin_error::PinError,
    registry::RegistryError,
    sink::SinkError,
    truth::TruthError,
    watch::WatchError,
};

/// Reason why interfaces are not watched as the policy says.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Capabilities are missing.
    #[error("watching takes {missing}: run as root, or grant them to the program")]
    Capabilities {
        /// Names of the missing ones.
        missing: String,
    },
    /// No interface is selected, and no glob can match later.
    #[error(
        "no interface of this network namespace is in `interfaces` ({interfaces}) and not in `exclude` ({exclude}): \
         `ip link` lists them"
    )]
    NoInterface {
        /// Origin of `interfaces`.
        interfaces: String,
        /// Origin of `exclude`.
        exclude: String,
    },
    /// The default interface is excluded.
    #[error(
        "{interface} is the interface to watch by default, and `exclude` ({exclude}) has it: name others with \
         `--interface` or `interfaces`"
    )]
    DefaultExcluded {
        /// The interface.
        interface: String,
        /// Origin of `exclude`.
        exclude: String,
    },
    /// The host forwards, or that cannot be read: a missing socket proves nothing.
    #[error(
        "{refused} on {interface}: {why}; a port that is forwarded has no socket here. Use {remedy}, or `--forwarding \
         drop` to drop what is for this host's own addresses all the same"
    )]
    Forwarding {
        /// The interface.
        interface: String,
        /// Refused part of the policy.
        refused: &'static str,
        /// Evidence, or cause of the missing answer.
        why: String,
        /// Settings that are accepted.
        remedy: &'static str,
        /// Cause of the missing answer.
        source: Option<HostError>,
    },
    /// The policy is refused on an interface that has been attached before, and that now drops nothing.
    #[error("{source}; what is attached there from before drops nothing from now on")]
    Stopped {
        /// Reason of the refusal.
        source: Box<AgentError>,
    },
    /// Another interface is attached under this name.
    #[error(
        "{interface} is the name that another interface was attached under, which is still here: rename one of them"
    )]
    NameTaken {
        /// The name.
        interface: String,
    },
    /// `confirm` is set, and nothing is pinned.
    #[error("`confirm` takes a bpffs, so that `port12 confirm` reaches the program")]
    ConfirmWithoutPins,
    /// A reload would change the owner of standard output.
    #[error(
        "whether a sink writes to standard output, in place of the reports, takes a restart to change"
    )]
    StandardOutput,
    /// A sink cannot be opened without the capabilities that were given up.
    #[error(
        "{source}; port12 has given up CAP_DAC_OVERRIDE since its start: let user id 0 write there, or restart it"
    )]
    SinkPrivilege {
        /// The error of the sink.
        source: SinkError,
    },
    /// The thread that follows the host has ended.
    #[error("the thread that keeps the sockets and addresses true has died")]
    KeeperDied,
    /// Restored pins are removed again at once.
    #[error("what was pinned is gone at once")]
    PinsRemoved,
    /// The runtime directory cannot be used.
    #[error("{}: the state for other processes cannot be written: {source}", path.display())]
    Runtime {
        /// The file or directory.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The policy is not accepted.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The registry file is not accepted.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The host cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The frames of an interface cannot be read.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The pin directory cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A sink cannot be opened.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The program does not know the host.
    #[error(transparent)]
    Truth(#[from] TruthError),
    /// An interface is not watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A thread cannot be had.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl AgentError {
    /// Whether the answer of the host requires more privileges.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Forwarding { source: Some(error), .. } | Self::Host(error) => {
                error.is_permission()
            }
            _ => false,
        }
    }
}
