//! Place of a file.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::trusted_path::{Directory, PathError};

/// Place of a file that can be missing.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Path that the user has named.
    Named(PathBuf),
    /// File of a directory, opened only if no other user can have written it.
    Trusted(PathBuf, &'static str),
}

impl Place {
    /// Opens the file; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub(super) fn open(&self) -> io::Result<Option<File>> {
        match self {
            Self::Named(path) => match File::open(path) {
                Ok(file) => Ok(Some(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Trusted(directory, name) => match trusted(directory, name) {
                Ok(file) => Ok(Some(file)),
                Err(error) if error.is_missing() => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }
}

fn trusted(directory: &Path, name: &str) -> Result<File, PathError> {
    Directory::open(directory)?.open_file(OsStr::new(name))
}
