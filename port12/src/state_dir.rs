//! State directory: files that outlive a run, owned by one daemon at a time.

pub mod bans;
pub mod confirmations;
mod document;
pub mod pinned;

use std::{
    ffi::OsStr,
    fs::{File, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use self::{bans::KeptBans, confirmations::Confirmations};
use crate::{
    kernel::pin::{self, Holder},
    trusted_path::{Directory, PathError},
};

/// Default state directory (`--state-dir`).
pub const STATE_DIR: &str = "/var/lib/port12";

/// Mode of a directory that is created.
const DIRECTORY: u32 = 0o700;

/// Mode of the files: another user that can open the lock file can hold the lock.
const FILE: u32 = 0o600;

/// File that the owner of the directory holds a lock on. It stays empty.
const LOCK: &str = "lock";

/// Suffix of a file that was set aside.
const ASIDE: &str = ".aside";

/// Reason why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// It cannot be opened or written, or another user could write to it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Another process owns it.
    #[error("{} belongs to {holder}", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// The process.
        holder: String,
    },
}

/// State that outlives a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeptState {
    /// Bans.
    pub bans: KeptBans,
    /// Confirmations of drop mode.
    pub confirmations: Confirmations,
}

impl KeptState {
    /// Reads the files of a directory. A file that cannot be used is set aside; the lines say which one and why.
    pub fn read_or_set_aside(directory: &StateDirectory) -> (Self, Vec<String>) {
        let (bans, line) = KeptBans::read_or_set_aside(directory);
        let (confirmations, other) = Confirmations::read_or_set_aside(directory);
        (Self { bans, confirmations }, line.into_iter().chain(other).collect())
    }

    /// Writes the files of a directory that differ from those that were written before.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn write(
        &self,
        directory: &StateDirectory,
        before: Option<&Self>,
    ) -> Result<(), PathError> {
        if before.map(|it| &it.confirmations) != Some(&self.confirmations) {
            self.confirmations.write(directory)?;
        }
        match before.map(|it| &it.bans) == Some(&self.bans) {
            true => Ok(()),
            false => self.bans.write(directory),
        }
    }
}

/// A verified directory that this process alone writes, until this is dropped.
#[derive(Debug)]
pub struct StateDirectory {
    directory: Directory,
    lock: File,
}

impl StateDirectory {
    /// Opens a directory, and creates it with mode 0700 if it is missing. No link of another user is followed.
    ///
    /// # Errors
    ///
    /// [`StateDirError`].
    pub fn create(path: &Path) -> Result<Self, StateDirError> {
        Self::lock(Directory::create(path, DIRECTORY)?)
    }

    /// Opens a directory that exists; `None` if it does not.
    ///
    /// # Errors
    ///
    /// [`StateDirError`].
    pub fn open(path: &Path) -> Result<Option<Self>, StateDirError> {
        match Directory::open(path) {
            Ok(directory) => Self::lock(directory).map(Some),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn lock(directory: Directory) -> Result<Self, StateDirError> {
        let lock = directory.append(OsStr::new(LOCK), FILE)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { directory, lock }),
            Err(Errno::WOULDBLOCK) => {
                let path = directory.path().to_owned();
                let holder =
                    pin::holder_of(&lock).map_or("another process".into(), |it| it.to_string());
                Err(StateDirError::Held { path, holder })
            }
            Err(errno) => {
                let path = directory.path().join(LOCK);
                Err(PathError::System { path, error: errno.into() }.into())
            }
        }
    }

    /// Owner of a directory; `None` if nobody owns it, or that cannot be read.
    pub fn owner(path: &Path) -> Option<Holder> {
        let lock = Directory::open(path).ok()?.open_file(OsStr::new(LOCK)).ok()?;
        pin::holder_of(&lock)
    }

    /// The directory. It stays the same one if its path leads elsewhere later.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The path, for messages.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether the path still leads to the directory, and the lock file in it is the one that is locked.
    pub fn is_in_place(&self) -> bool {
        let id = |it: Metadata| (it.dev(), it.ino());
        let found = std::fs::symlink_metadata(self.path().join(LOCK)).ok().map(id);
        found.is_some() && found == self.lock.metadata().ok().map(id)
    }

    /// Reads a file of at most `most` bytes; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, PathError> {
        match self.directory.read(OsStr::new(name), most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a file as a whole, with mode 0600, and waits until it is on the disk.
    ///
    /// # Errors
    ///
    /// [`PathError`]; the file is as it was then.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), PathError> {
        self.directory.replace(OsStr::new(name), bytes, FILE)
    }

    /// Sets a file aside, in place of one that was set aside before. Returns its path.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn set_aside(&self, name: &str) -> Result<PathBuf, PathError> {
        let aside = format!("{name}{ASIDE}");
        self.directory.rename(OsStr::new(name), OsStr::new(&aside))?;
        Ok(self.path().join(aside))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_directory_is_created_for_its_owner_alone_and_has_one_owner() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lib/port12");
        assert!(StateDirectory::open(&path).unwrap().is_none(), "it is not created");
        let state = StateDirectory::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, DIRECTORY);
        assert_eq!(fs::metadata(path.join(LOCK)).unwrap().mode() & 0o7777, FILE);
        for again in [StateDirectory::create(&path).map(Some), StateDirectory::open(&path)] {
            let error = again.unwrap_err().to_string();
            assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        }
        drop(state);
        assert!(StateDirectory::open(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_is_replaced_and_read_and_set_aside() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::create(root.path()).unwrap();
        assert_eq!(state.read("bans.json", 9).unwrap(), None);
        state.replace("bans.json", b"first").unwrap();
        state.replace("bans.json", b"second").unwrap();
        assert_eq!(state.read("bans.json", 9).unwrap().unwrap(), b"second");
        assert!(matches!(state.read("bans.json", 5), Err(PathError::TooLarge { most: 5, .. })));
        let aside = state.set_aside("bans.json").unwrap();
        assert_eq!(fs::read(aside).unwrap(), b"second");
        assert_eq!(state.read("bans.json", 9).unwrap(), None);
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("port12");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o775)).unwrap();
        let error = StateDirectory::create(&path).unwrap_err().to_string();
        assert!(error.contains("chmod go-w"), "{error}");
        assert!(!path.join(LOCK).exists());
    }

    #[test]
    fn a_directory_that_was_moved_is_no_longer_in_place() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("port12");
        let state = StateDirectory::create(&path).unwrap();
        assert!(state.is_in_place());
        fs::rename(&path, root.path().join("old")).unwrap();
        assert!(!state.is_in_place());
        let other = StateDirectory::create(&path).unwrap();
        assert!(!state.is_in_place() && other.is_in_place());
    }
}
