//! Maps in bpffs, where other programs find them while port12 runs.

use std::{
    fs::{self, File},
    io,
    os::{fd::AsRawFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::instance::{Instance, LoadError, PINNED};

/// `BPF_FS_MAGIC` (linux/magic.h).
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;

/// Why maps cannot be pinned.
#[derive(Debug, Error)]
pub enum PinError {
    /// Another port12 pins there.
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
    #[error("{}: {error}; name another directory with --pin-dir", path.display())]
    Directory {
        /// The directory, or what is in it.
        path: PathBuf,
        /// What the kernel says.
        error: io::Error,
    },
    /// A map cannot be pinned.
    #[error(transparent)]
    Map(#[from] LoadError),
}

/// A directory in bpffs that belongs to this process: it holds a lock on it. What is pinned there
/// goes when this is dropped; what a killed process left behind goes at the next lock.
#[derive(Debug)]
pub struct PinDirectory {
    path: PathBuf,
    #[expect(dead_code, reason = "held: closing it gives the lock back")]
    lock: File,
}

impl PinDirectory {
    /// Locks a directory, and makes it where it is missing. `None` where there is no bpffs: a
    /// network namespace has none until one is mounted.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn lock(path: &Path) -> Result<Option<Self>, PinError> {
        if !is_bpffs(path) {
            return Ok(None);
        }
        let failed = |error| PinError::Directory { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = File::open(path).map_err(failed)?;
        // SAFETY: the descriptor is open.
        if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::WouldBlock {
                return Err(PinError::Held { path: path.to_owned(), holder: holder(&lock) });
            }
            return Err(failed(error));
        }
        let directory = Self { path: path.to_owned(), lock };
        directory.clear().map_err(failed)?;
        Ok(Some(directory))
    }

    /// Pins the maps of an instance under the name of its interface.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn pin(&self, interface: &str, instance: &Instance) -> Result<(), PinError> {
        let path = self.path.join(file_name(interface));
        match fs::create_dir(&path) {
            // Left behind by a run that was killed before its first pin.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(|error| PinError::Directory { path: path.clone(), error })?,
        }
        Ok(instance.pin_maps(&path)?)
    }

    /// Removes the pinned maps of all interfaces, and nothing that others have pinned here.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let interface = entry?.path();
            if interface.is_dir() && holds_only_maps(&interface)? {
                for map in fs::read_dir(&interface)? {
                    fs::remove_file(map?.path())?;
                }
                fs::remove_dir(&interface)?;
            }
        }
        Ok(())
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            log::warn!("{}: pinned maps stay: {error}", self.path.display());
        }
    }
}

/// Whether a directory holds maps of port12's names, and nothing else. An empty one may be
/// anybody's.
fn holds_only_maps(directory: &Path) -> io::Result<bool> {
    let mut holds_a_map = false;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if !PINNED.iter().any(|&pinned| name == pinned) {
            return Ok(false);
        }
        holds_a_map = true;
    }
    Ok(holds_a_map)
}

/// Whether a path is, or would be, in a bpffs.
fn is_bpffs(path: &Path) -> bool {
    let Some(existing) = path.ancestors().find(|ancestor| ancestor.exists()) else {
        return false;
    };
    let Ok(directory) = File::open(existing) else {
        return false;
    };
    // SAFETY: all integers, for the kernel to fill.
    let mut filesystem: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the structure is writable.
    let failed = unsafe { libc::fstatfs(directory.as_raw_fd(), &raw mut filesystem) };
    failed == 0 && filesystem.f_type == BPF_FS_MAGIC
}

/// Who holds the lock of a file, as far as /proc/locks tells.
fn holder(file: &File) -> String {
    let process = || {
        let file = file.metadata().ok()?;
        let device = file.dev();
        let (major, minor) = (libc::major(device), libc::minor(device));
        let name = format!("{major:02x}:{minor:02x}:{}", file.ino());
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let lock = locks.lines().find(|lock| {
            lock.contains(" FLOCK ") && lock.split_whitespace().any(|field| field == name)
        })?;
        lock.split_whitespace().nth(4).map(str::to_owned)
    };
    match process() {
        Some(pid) => {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            format!("process {pid} ({})", name.trim())
        }
        None => "another process".to_owned(),
    }
}

/// An interface's name as a name in bpffs, which takes no dots.
fn file_name(interface: &str) -> String {
    interface.replace('%', "%25").replace('.', "%2E")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_stay_apart() {
        assert_eq!(file_name("eth0"), "eth0");
        assert_eq!(file_name("eth0.10"), "eth0%2E10");
        assert_ne!(file_name("a%2Eb"), file_name("a.b"));
    }

    #[test]
    fn an_ordinary_directory_is_no_bpffs() {
        assert!(!is_bpffs(Path::new("/tmp/port12")));
    }
}
