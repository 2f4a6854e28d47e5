//! The directory in bpffs where other programs find what port12 has in the kernel.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    os::{
        fd::AsRawFd as _,
        unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    },
    path::{Path, PathBuf},
};

use aya::programs::ProgramInfo;

use super::{
    left::LeftBehind,
    pin_error::PinError,
    slot::{PRIVATE, SUCCESSOR, Slot},
};
use crate::{
    host::capabilities,
    trusted_path::{self, Directory},
};

/// `BPF_FS_MAGIC` (linux/magic.h).
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;

/// The capability without which nothing is pinned, and its numbers, one of which suffices.
const CAP_BPF: (&str, &[u32]) = ("CAP_BPF", &[39, 21]);

/// A directory in bpffs that belongs to this process: it holds a lock on it. What is pinned there
/// without a link goes when this is dropped; what a killed process left behind goes at the next
/// lock. What has a link is attached, and stays.
#[derive(Debug)]
pub struct PinDirectory {
    path: PathBuf,
    /// Held: closing it gives the lock back.
    lock: File,
    /// Bans that a killed process left behind.
    left: LeftBehind,
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
        if is_read_only(path) {
            // A lock could be held there all the same, and nothing be pinned.
            return Err(PinError::at(path)(io::Error::from_raw_os_error(libc::EROFS)));
        }
        let (mut directory, missing) = trusted_path::nearest(path)?;
        if directory.filesystem() != Some(BPF_FS_MAGIC as u64) {
            return Ok(None);
        }
        if let Some(first) = missing.first()
            && !capabilities::lacks(&[CAP_BPF]).is_empty()
        {
            // It would stay behind, and keep root's port12 from its directory.
            let first = directory.path().join(first);
            return Err(PinError::at(&first)(io::ErrorKind::PermissionDenied.into()));
        }
        for name in missing {
            directory = directory.make(&name, PRIVATE)?;
        }
        Self::take(path, &directory).map(Some)
    }

    /// Locks a directory that exists; `None` if it does not.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn lock_existing(path: &Path) -> Result<Option<Self>, PinError> {
        if !is_bpffs(path) {
            return Err(PinError::NoBpffs { path: path.to_owned() });
        }
        let (directory, missing) = trusted_path::nearest(path)?;
        match missing.is_empty() {
            true => Self::take(path, &directory).map(Some),
            false => Ok(None),
        }
    }

    fn take(path: &Path, directory: &Directory) -> Result<Self, PinError> {
        directory.is_private()?;
        let lock = directory.readable().map_err(|errno| PinError::at(path)(errno.into()))?;
        // SAFETY: the descriptor is open.
        if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::WouldBlock {
                let holder = holder_of(&lock).map_or("another process".into(), |it| it.to_string());
                return Err(PinError::Held { path: path.to_owned(), holder });
            }
            return Err(PinError::at(path)(error));
        }
        let mut directory = Self { path: path.to_owned(), lock, left: LeftBehind::default() };
        directory.finish_successions()?;
        let unlinked = |slot: &Slot| !slot.has_link();
        directory.left = LeftBehind::of(directory.slots()?.into_iter().filter(unlinked));
        directory.clear()?;
        Ok(directory)
    }

    /// Locks a directory that has to be in a bpffs.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn require(path: &Path) -> Result<Self, PinError> {
        Self::lock(path)?.ok_or_else(|| PinError::NoBpffs { path: path.to_owned() })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to the directory that is locked: its bpffs may have been
    /// unmounted, or covered by another.
    pub fn is_in_place(&self) -> bool {
        let is_same = |path: fs::Metadata, lock: fs::Metadata| {
            (path.dev(), path.ino()) == (lock.dev(), lock.ino())
        };
        let path = fs::metadata(&self.path).ok();
        path.zip(self.lock.metadata().ok()).is_some_and(|(path, lock)| is_same(path, lock))
    }

    /// Bans that a killed process left behind, in maps that were removed when the directory was locked.
    pub fn left(&self) -> &LeftBehind {
        &self.left
    }

    /// Name of this directory among all of this host.
    pub fn id(&self) -> Option<String> {
        self.lock.metadata().ok().map(|it| id_of(&it))
    }

    /// The place of an interface.
    pub fn slot(&self, interface: &str) -> Slot {
        Slot::of(&self.path, interface)
    }

    /// The places that have something of port12 in them.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub fn slots(&self) -> Result<Vec<Slot>, PinError> {
        slots(&self.path)
    }

    /// Removes what is not attached, and nothing that others have pinned here.
    fn clear(&self) -> Result<(), PinError> {
        self.finish_successions()?;
        for slot in self.slots()? {
            if !slot.has_link() {
                slot.remove()?;
            }
        }
        Ok(())
    }
}

impl PinDirectory {
    /// Finishes copies to another layout that a process was killed in: forward if the link has the new program, else
    /// back.
    fn finish_successions(&self) -> Result<(), PinError> {
        for entry in fs::read_dir(&self.path).map_err(PinError::at(&self.path))? {
            let path = entry.map_err(PinError::at(&self.path))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(name) = name.strip_suffix(SUCCESSOR) else {
                continue;
            };
            let present = self.path.join(name);
            if !present.exists() {
                // The old one is gone already.
                fs::rename(&path, &present).map_err(PinError::at(&path))?;
                continue;
            }
            let present = Slot::of_path(present);
            let successor = present.successor();
            let is_attached = ProgramInfo::from_pin(successor.program())
                .is_ok_and(|program| Some(program.id()) == present.program_id());
            match successor.has_link() && is_attached {
                true => present.succeed(&successor)?,
                false => successor.remove()?,
            }
        }
        Ok(())
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        // What is at the path by now may belong to another process.
        if self.is_in_place()
            && let Err(error) = self.clear()
        {
            log::warn!("{}: pinned maps stay: {error}", self.path.display());
        }
    }
}

/// The places in a directory that have something of port12 in them, and nothing else, by name.
///
/// # Errors
///
/// [`PinError`]; a directory that is missing has none.
pub fn slots(path: &Path) -> Result<Vec<Slot>, PinError> {
    match Directory::open(path) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        opened => drop(opened?),
    }
    // Nobody else can redirect the path since it was verified.
    let entries = fs::read_dir(path).map_err(PinError::at(path))?;
    let mut slots = Vec::new();
    for entry in entries {
        let path = entry.map_err(PinError::at(path))?.path();
        let is_successor =
            path.file_name().is_some_and(|it| it.to_string_lossy().ends_with(SUCCESSOR));
        if path.is_dir() && !is_successor {
            match Slot::found(&path) {
                // It has just gone.
                Err(PinError::Directory { error, .. })
                    if error.kind() == io::ErrorKind::NotFound => {}
                found => slots.extend(found?),
            }
        }
    }
    slots.sort_by(|left, right| left.interface().cmp(right.interface()));
    Ok(slots)
}

/// Name of a pin directory among all of this host, whatever its path; `None` if it does not exist. Device and inode, in
/// hexadecimal digits.
pub fn id(path: &Path) -> Option<String> {
    fs::metadata(path).ok().map(|it| id_of(&it))
}

fn id_of(directory: &fs::Metadata) -> String {
    format!("{:x}-{:x}", directory.dev(), directory.ino())
}

/// A process that holds the lock of a pin directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// Its id, in the namespace of this process.
    pub process: u32,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "process {} ({})", self.process, self.name)
    }
}

/// Process that holds the lock of a directory, by /proc/locks.
pub fn holder(path: &Path) -> Option<Holder> {
    holder_of(&Directory::open(path).ok()?.readable().ok()?)
}

/// Holder of the lock of a file (flock(2)), as far as /proc/locks shows it.
pub fn holder_of(file: &File) -> Option<Holder> {
    let file = file.metadata().ok()?;
    let device = file.dev();
    let (major, minor) = (libc::major(device), libc::minor(device));
    let name = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let lock = locks.lines().find(|lock| {
        lock.contains(" FLOCK ") && lock.split_whitespace().any(|field| field == name)
    })?;
    let process = lock.split_whitespace().nth(4)?.parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some(Holder { process, name: name.trim().to_owned() })
}

/// Whether a path is, or would be, in a bpffs.
pub fn is_bpffs(path: &Path) -> bool {
    filesystem(path).is_some_and(|it| it.f_type == BPF_FS_MAGIC)
}

/// Whether the file system of a path is mounted read-only.
fn is_read_only(path: &Path) -> bool {
    let Some(path) = existing(path) else {
        return false;
    };
    // SAFETY: all integers, for the kernel to fill.
    let mut filesystem: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends in NUL, and the structure is writable.
    let failed = unsafe { libc::statvfs(path.as_ptr(), &raw mut filesystem) };
    failed == 0 && filesystem.f_flag & libc::ST_RDONLY != 0
}

fn filesystem(path: &Path) -> Option<libc::statfs> {
    let path = existing(path)?;
    // SAFETY: all integers, for the kernel to fill.
    let mut filesystem: libc::statfs = unsafe { std::mem::zeroed() };
    // By its path: whoever may not open it is told so by the one who tries.
    // SAFETY: the path ends in NUL, and the structure is writable.
    let failed = unsafe { libc::statfs(path.as_ptr(), &raw mut filesystem) };
    (failed == 0).then_some(filesystem)
}

/// The path, or the first directory above it that exists.
fn existing(path: &Path) -> Option<CString> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    CString::new(existing.as_os_str().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_directory_is_no_bpffs() {
        assert!(!is_bpffs(Path::new("/tmp/port12")));
    }
}
