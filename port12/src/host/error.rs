//! Why the host could not be read.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why something about the host is not known. Nothing is ever assumed in its place.
#[derive(Debug, Error)]
pub enum HostError {
    /// The kernel refused a request.
    #[error("cannot list {what}: {source}{}", hint(source))]
    Refused {
        /// Requested objects.
        what: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A system call failed before the kernel could answer.
    #[error("cannot ask for {what}: {source}{}", call_hint(source))]
    Unasked {
        /// Requested objects.
        what: &'static str,
        /// The error of the system call.
        source: io::Error,
    },
    /// A list changed each time it was read.
    #[error("cannot list {what}: they changed during each of {attempts} attempts; try again")]
    Unsteady {
        /// Requested objects.
        what: &'static str,
        /// How often it was read.
        attempts: usize,
    },
    /// An answer does not have the form that the kernel documents.
    #[error("cannot list {what}: the kernel's answer cannot be read: {detail}")]
    Unreadable {
        /// Requested objects.
        what: &'static str,
        /// Fault of the answer.
        detail: String,
    },
    /// A file of procfs cannot be read.
    #[error("cannot read {}: {source}{}", path.display(), file_hint(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no such interface in this network namespace.
    #[error("there is no interface {0} in this network namespace; `ip link` lists them")]
    NoInterface(String),
}

impl HostError {
    /// Whether a capability is missing.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Refused { source, .. }
            | Self::Unasked { source, .. }
            | Self::File { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            Self::Unsteady { .. } | Self::Unreadable { .. } | Self::NoInterface(_) => false,
        }
    }

    /// Whether the kernel lacks what was asked for, as opposed to refusing it.
    pub(super) fn is_unsupported(&self) -> bool {
        let Self::Refused { source, .. } = self else { return false };
        matches!(
            source.raw_os_error(),
            Some(libc::ENOENT | libc::EPROTONOSUPPORT | libc::EAFNOSUPPORT | libc::EOPNOTSUPP)
        )
    }

    /// Whether the kernel called the request invalid, which is how some subsystems say that they
    /// are not there.
    pub(super) fn is_invalid(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.raw_os_error() == Some(libc::EINVAL))
    }
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "; it needs CAP_NET_ADMIN",
        _ => "",
    }
}

/// The system calls of netlink need no capability.
fn call_hint(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => "",
        _ => "; a seccomp filter or a security module may forbid it",
    }
}

fn file_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            "; it needs user id 0, group id 0 or CAP_DAC_READ_SEARCH"
        }
        io::ErrorKind::NotFound => "; is /proc mounted?",
        _ => "",
    }
}
