//! Errors of watching an interface.

use std::io;

use aya::programs::links::LinkError;
use thiserror::Error;

use crate::{
    host::{HostError, interfaces::Unsupported},
    kernel::{
        allowlist::AllowlistError,
        attach::{AttachError, ReplaceError},
        bans::BansError,
        egress::EgressError,
        load_error::LoadError,
        older::OlderError,
        pin_error::PinError,
        pinned::PinnedError,
    },
    truth::TruthError,
};

/// Reason why an interface is not watched as it should be.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Its program is persistent, and this process would not leave it so.
    #[error(
        "{interface} was attached by port12 to stay: `port12 run --pin` takes it over, `port12 detach` takes it off"
    )]
    Persistent {
        /// The interface.
        interface: String,
    },
    /// Its program is persistent, and not all of its maps are pinned.
    #[error("{interface}: its pinned maps are not complete: `port12 detach` takes it off")]
    Incomplete {
        /// The interface.
        interface: String,
    },
    /// The pinned link says nothing.
    #[error("{interface}: its link cannot be read: {source}")]
    Link {
        /// The interface.
        interface: String,
        /// The kernel's answer.
        source: LinkError,
    },
    /// The pinned program is on an interface of another name.
    #[error(
        "what was attached to {interface} is on {other}, by another name: `port12 detach -i {interface}` takes it off \
         there"
    )]
    Renamed {
        /// Name that the interface was attached under.
        interface: String,
        /// Its present name.
        other: String,
    },
    /// The pinned program is in another network namespace.
    #[error(
        "{interface} is attached in another network namespace: name another directory with --pin-dir, or `port12 detach \
         -i {interface}` takes it off there"
    )]
    Elsewhere {
        /// The interface.
        interface: String,
    },
    /// The program that was to be replaced has just been detached.
    #[error("{interface}: its program has gone just now; try again")]
    Vanished {
        /// The interface.
        interface: String,
    },
    /// Another thread holds the program.
    #[error("its program is in use by another thread")]
    InUse,
    /// Another process has removed the program over outbound packets.
    #[error(
        "others have taken off what watches packets that leave, with its qdisc `clsact`; a reload (SIGHUP) puts it back"
    )]
    OutboundLost,
    /// The log of the tracing build cannot be read.
    #[error("the kernel program's log: {0}")]
    Trace(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A thread, or the inode of the network namespace, cannot be had.
    #[error(transparent)]
    System(io::Error),
    /// The frames of the interface cannot be read.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The host cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The program cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The program cannot be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The program cannot replace another.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    /// Outbound packets cannot be watched.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The program cannot be pinned.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The pinned state cannot be used.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The allowlist cannot be read or written.
    #[error(transparent)]
    Allowlist(#[from] AllowlistError),
    /// The bans cannot be read or written.
    #[error(transparent)]
    Bans(#[from] BansError),
    /// State of the layout before this one cannot be copied.
    #[error(transparent)]
    Older(#[from] OlderError),
    /// The program does not know the host.
    #[error(transparent)]
    Truth(#[from] TruthError),
}
