//! Reasons not to use a path.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::text::Printable;

/// A path that cannot be used, or that another user could redirect.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The system refuses.
    #[error("{}: {error}", Printable(path.display()))]
    System {
        /// The path, as far as it leads.
        path: PathBuf,
        /// The reason.
        #[source]
        error: io::Error,
    },
    /// Another user owns it.
    #[error(
        "{0} belongs to user id {owner}, who could put something else there: remove it or run `chown \
         root {0}`, or use another path", Printable(path.display())
    )]
    Owner {
        /// The component.
        path: PathBuf,
        /// The user.
        owner: u32,
    },
    /// Others can write to a directory.
    #[error(
        "the directory {0} can be written by others (mode {mode:04o}), who could put something else \
         there: run `chmod go-w {0}`, or `chmod +t {0}` if they need it, or use another path",
        Printable(path.display())
    )]
    WritableDirectory {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can write to a file.
    #[error(
        "{0} can be written by others (mode {mode:04o}): check its content, then run `chmod go-w {0}`",
        Printable(path.display())
    )]
    WritableFile {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can use a directory that is for one user alone.
    #[error(
        "the directory {0} is open to others (mode {mode:04o}), who could hold its lock or make \
         entries: run `chmod 0700 {0}`, or use another path", Printable(path.display())
    )]
    Shared {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A symbolic link that is not followed.
    #[error("{} is a symbolic link, {reason}", Printable(path.display()))]
    Link {
        /// The link.
        path: PathBuf,
        /// Why, and the remedy.
        reason: &'static str,
    },
    /// Another kind of file is needed.
    #[error("{} is {found}", Printable(path.display()))]
    Kind {
        /// The path.
        path: PathBuf,
        /// The kind, and the remedy.
        found: &'static str,
    },
    /// Another name leads to the same file, and another user may have made one of the two.
    #[error(
        "{} has several names (hard links), and others can write to its directory: remove it, or use \
         another path", Printable(path.display())
    )]
    HardLinks {
        /// The file.
        path: PathBuf,
    },
    /// A file with more bytes than are read.
    #[error("{} has more than {most} bytes", Printable(path.display()))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bytes that are read.
        most: u64,
    },
}

impl PathError {
    /// The system's refusal of a path.
    pub(super) fn system(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System { path: path.to_owned(), error }
    }

    /// The same, of the kernel's error number.
    pub(super) fn errno(path: &Path) -> impl FnOnce(rustix::io::Errno) -> Self {
        move |errno| Self::System { path: path.to_owned(), error: errno.into() }
    }

    /// Whether the path, or a directory in it, does not exist.
    pub fn is_missing(&self) -> bool {
        self.system_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether a permission is missing, or others have one that they must not have.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::System { error, .. } => error.kind() == io::ErrorKind::PermissionDenied,
            Self::Owner { .. }
            | Self::WritableDirectory { .. }
            | Self::WritableFile { .. }
            | Self::Shared { .. }
            | Self::Link { .. }
            | Self::HardLinks { .. } => true,
            Self::Kind { .. } | Self::TooLarge { .. } => false,
        }
    }

    fn system_error(&self) -> Option<&io::Error> {
        match self {
            Self::System { error, .. } => Some(error),
            Self::Owner { .. }
            | Self::WritableDirectory { .. }
            | Self::WritableFile { .. }
            | Self::Shared { .. }
            | Self::Link { .. }
            | Self::Kind { .. }
            | Self::HardLinks { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}

/// The system's own error, or one whose kind is a missing permission or an input that is not used.
impl From<PathError> for io::Error {
    fn from(error: PathError) -> Self {
        let kind = match error.is_permission() {
            true => io::ErrorKind::PermissionDenied,
            false => io::ErrorKind::InvalidInput,
        };
        match error {
            PathError::System { error, .. } => error,
            other => Self::new(kind, other),
        }
    }
}
