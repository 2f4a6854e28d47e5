//! Errors of the pin directory.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::load_error::LoadError;
use crate::trusted_path::PathError;

/// The command that mounts a bpffs in which other users can make no directories: without `mode`, all
/// users can.
pub const MOUNT: &str = "mount -t bpf -o mode=0700,nosuid,nodev,noexec bpf /sys/fs/bpf";

/// Why something cannot be pinned, or be found where it was pinned.
#[derive(Debug, Error)]
pub enum PinError {
    /// Another port12 has the directory.
    #[error(
        "{} belongs to {holder}: stop it, or name another directory with --pin-dir",
        path.display()
    )]
    Held {
        /// The directory.
        path: PathBuf,
        /// The process that holds it.
        holder: String,
    },
    /// The directory cannot be used.
    #[error("{}: {error}; {}", path.display(), remedy(error))]
    Directory {
        /// The directory, or what is in it.
        path: PathBuf,
        /// Error of the kernel.
        #[source]
        error: io::Error,
    },
    /// The directory is not in a bpffs.
    #[error(
        "{} is not in a bpffs, which what outlives this process has to be pinned in: `{MOUNT}`, or \
         name another directory with --pin-dir",
        path.display()
    )]
    NoBpffs {
        /// The directory.
        path: PathBuf,
    },
    /// Another local user could redirect the directory, or hold its lock.
    #[error("{0} with --pin-dir")]
    Untrusted(#[source] PathError),
    /// A map cannot be pinned.
    #[error(transparent)]
    Map(#[from] LoadError),
}

impl From<PathError> for PinError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::System { path, error } => Self::Directory { path, error },
            error => Self::Untrusted(error),
        }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "run as root, or name a directory in a bpffs that belongs to this user with --pin-dir"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "mount it read-write (`mount -o remount,rw /sys/fs/bpf`), or name another directory \
             with --pin-dir"
        }
        _ => "name another directory with --pin-dir",
    }
}

impl PinError {
    /// Whether the directory is somebody else's.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Directory { error, .. } => error.kind() == io::ErrorKind::PermissionDenied,
            Self::Untrusted(error) => error.is_permission(),
            Self::Held { .. } | Self::NoBpffs { .. } | Self::Map(_) => false,
        }
    }

    /// Whether the bpffs is mounted read-only.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Directory { error, .. } => error.kind() == io::ErrorKind::ReadOnlyFilesystem,
            Self::Held { .. } | Self::NoBpffs { .. } | Self::Untrusted(_) | Self::Map(_) => false,
        }
    }

    /// Error of the kernel about a path.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Directory { path: path.to_owned(), error }
    }
}
