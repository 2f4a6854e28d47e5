//! Paths that no other local user can redirect: pins, lock, policy, registry, state and sinks.
//!
//! A path is opened one component at a time, and the next one is looked up in the directory that
//! has been verified. Each component
//!
//! - belongs to root or to the user that this process runs as,
//! - can be written by nobody else, except directories with the sticky bit (/tmp, a bpffs with its
//!   default mode), in which only the owner of an entry can replace it, and root's directories above the one of
//!   a file, to which a group of the system may write (/var/log on Ubuntu),
//! - is not a symbolic link. A link of root's or of this user's is followed if nobody else can write
//!   to its directory, sticky bit or not: /var/run leads to /run on most systems.
//!
//! POSIX ACLs that grant more show in the group bits of the mode (acl(5)), which are verified.

mod directory;
mod entry;
mod error;
mod walk;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

pub use directory::Directory;
pub use error::PathError;
pub use walk::{LastLink, Owners, nearest, parent_of, socket};

/// Reads a regular file of at most `most` bytes. Waits for nobody: a named pipe is an error.
///
/// # Errors
///
/// [`PathError`].
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, PathError> {
    let (directory, name) = parent_of(path, LastLink::Followed, Owners::Trusted)?;
    let file = directory.open_file(&name)?;
    read_at_most(file, path, most)
}

fn read_at_most(file: File, path: &Path, most: u64) -> Result<Vec<u8>, PathError> {
    let mut bytes = Vec::new();
    // One byte more than is accepted tells a file that is too large, and bounds an endless one.
    file.take(most + 1).read_to_end(&mut bytes).map_err(PathError::system(path))?;
    match bytes.len() as u64 > most {
        true => Err(PathError::TooLarge { path: path.to_owned(), most }),
        false => Ok(bytes),
    }
}

impl Directory {
    /// Reads a regular file in the directory, of at most `most` bytes; a symbolic link is none.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn read(&self, name: &OsStr, most: u64) -> Result<Vec<u8>, PathError> {
        read_at_most(self.open_file(name)?, &self.path().join(name), most)
    }

    /// Replaces a file in the directory as [`replace`] does; a symbolic link is not followed.
    ///
    /// # Errors
    ///
    /// [`PathError`]; the file is as it was then.
    pub fn replace(&self, name: &OsStr, bytes: &[u8], mode: u32) -> Result<(), PathError> {
        let path = self.path().join(name);
        let mode = match self.open_file(name) {
            Ok(file) => rustix::fs::fstat(&file).map_err(PathError::errno(&path))?.st_mode & 0o7777,
            Err(error) if error.is_missing() => mode,
            Err(error) => return Err(error),
        };
        let mut beside = name.to_owned();
        beside.push(".new");
        let replaced = write_beside(self, &beside, bytes, mode)
            .and_then(|()| rustix::fs::renameat(self, &beside, self, name))
            .and_then(|()| rustix::fs::fsync(self.readable()?));
        if replaced.is_err() {
            let _ = rustix::fs::unlinkat(self, &beside, AtFlags::empty());
        }
        replaced.map_err(PathError::errno(&path))
    }

    /// Gives a file in the directory another name, in place of a file that has it.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn rename(&self, name: &OsStr, to: &OsStr) -> Result<(), PathError> {
        let renamed = rustix::fs::renameat(self, name, self, to);
        renamed.map_err(PathError::errno(&self.path().join(name)))
    }

    /// Names of all entries, in the order of the system.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn names(&self) -> Result<Vec<OsString>, PathError> {
        let failed = |errno| PathError::errno(self.path())(errno);
        let mut entries = Dir::read_from(self.readable().map_err(failed)?).map_err(failed)?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }
}

/// Replaces a file as a whole: a reader finds the old content or the new one, also after a crash.
/// A file that exists keeps its mode; one that does not gets `mode`.
///
/// # Errors
///
/// [`PathError`]; the file is as it was then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PathError> {
    let (directory, name) = parent_of(path, LastLink::Followed, Owners::Trusted)?;
    directory.replace(&name, bytes, mode)
}

fn write_beside(
    directory: &Directory,
    name: &OsString,
    bytes: &[u8],
    mode: u32,
) -> rustix::io::Result<()> {
    // Left behind by a process that was killed.
    let _ = rustix::fs::unlinkat(directory, name, AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| {
        error.raw_os_error().map_or(rustix::io::Errno::IO, rustix::io::Errno::from_raw_os_error)
    })?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))
}

#[cfg(test)]
mod tests;
