//! A verified directory, and its entries.

use std::{
    ffi::OsStr,
    fs::File,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FileType, Mode, OFlags, Stat},
    io::Errno,
};

use super::{
    PathError,
    entry::{OTHERS_WRITE, is_trusted, look, writable_by_owner},
};

/// Flags of every file that is opened.
const COMMON: OFlags = OFlags::CLOEXEC.union(OFlags::NOCTTY);

/// `PROC_SUPER_MAGIC` (linux/magic.h).
const PROCFS: u64 = 0x9fa0;

/// Attempts to open a file that others make and remove at the same time.
const ATTEMPTS: usize = 16;

/// A directory that was reached over verified components. It stays the same one if its path leads
/// elsewhere later.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    file: OwnedFd,
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Directory {
    pub(super) fn verified(path: PathBuf, file: OwnedFd) -> Self {
        Self { path, file }
    }

    /// The path, for messages. Links on the way to it are replaced by what they lead to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path to an entry that leads through this very directory, whatever has become of the
    /// directory's own path: for calls that take no descriptor, such as `BPF_OBJ_GET` before kernel
    /// 6.5. Holds as long as this is open.
    pub fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        let mut path = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        path.push(name);
        path
    }

    /// Makes a directory in this one, or opens the one that is there.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn make(&self, name: &OsStr, mode: u32) -> Result<Self, PathError> {
        match rustix::fs::mkdirat(self, name, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(Errno::EXIST) => self.enter(name),
            Err(errno) => Err(PathError::errno(&self.path.join(name))(errno)),
        }
    }

    /// Opens a directory in this one; a symbolic link is none.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn enter(&self, name: &OsStr) -> Result<Self, PathError> {
        let path = self.path.join(name);
        let (file, stat) = look(self, name).map_err(PathError::errno(&path))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {}
            FileType::Symlink => {
                let reason = "and none is followed here: remove it, or use another path";
                return Err(PathError::Link { path, reason });
            }
            _ => return Err(PathError::errno(&path)(Errno::NOTDIR)),
        }
        owned(&path, &stat)?;
        writable_by_owner(&path, &stat)?;
        Ok(Self { path, file })
    }

    /// Refuses a directory that others can write to or open: whoever can open it can hold its lock.
    ///
    /// # Errors
    ///
    /// [`PathError::Shared`].
    pub fn is_private(&self) -> Result<(), PathError> {
        let stat = self.stat()?;
        match stat.st_mode & 0o077 {
            0 => Ok(()),
            _ => Err(PathError::Shared { path: self.path.clone(), mode: stat.st_mode & 0o7777 }),
        }
    }

    /// The directory, open for reading, for locks and `fsync`.
    ///
    /// # Errors
    ///
    /// Error of the kernel.
    pub fn readable(&self) -> rustix::io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(self, ".", flags, Mode::empty())?))
    }

    /// Opens a regular file for reading; waits for nobody.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn open_file(&self, name: &OsStr) -> Result<File, PathError> {
        let path = self.path.join(name);
        let (_, stat) = look(self, name).map_err(PathError::errno(&path))?;
        self.regular(&path, &stat)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        let file = self.openat(name, flags).map_err(PathError::errno(&path))?;
        // Another one may have come into its place.
        self.regular(&path, &stat_of(&path, &file)?)?;
        Ok(file)
    }

    fn regular(&self, path: &Path, stat: &Stat) -> Result<(), PathError> {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => self.verify_file(path, stat),
            other => Err(PathError::Kind { path: path.to_owned(), found: unfit(other) }),
        }
    }

    /// Opens a regular file or a named pipe for writing at its end, and makes the file with a mode if
    /// there is none. Waits for nobody: a pipe without a reader is `ENXIO`.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn append(&self, name: &OsStr, mode: u32) -> Result<File, PathError> {
        let path = self.path.join(name);
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        for _ in 0..ATTEMPTS {
            match look(self, name) {
                Ok((_, stat)) => self.writable(&path, &stat)?,
                Err(Errno::NOENT) => {
                    let flags = flags | OFlags::CREATE | OFlags::EXCL;
                    match rustix::fs::openat(self, name, flags | COMMON, Mode::from_raw_mode(mode))
                    {
                        Err(Errno::EXIST) => continue,
                        opened => return opened.map(File::from).map_err(PathError::errno(&path)),
                    }
                }
                Err(errno) => return Err(PathError::errno(&path)(errno)),
            }
            match self.openat(name, flags) {
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(PathError::errno(&path)(errno)),
                Ok(file) => {
                    self.writable(&path, &stat_of(&path, &file)?)?;
                    return Ok(file);
                }
            }
        }
        Err(PathError::errno(&path)(Errno::AGAIN))
    }

    fn writable(&self, path: &Path, stat: &Stat) -> Result<(), PathError> {
        let kind = FileType::from_raw_mode(stat.st_mode);
        match kind {
            FileType::RegularFile | FileType::Fifo => self.verify_file(path, stat),
            other => Err(PathError::Kind { path: path.to_owned(), found: unfit(other) }),
        }
    }

    /// A file that only its owner can write to, and that no other user has brought here.
    fn verify_file(&self, path: &Path, stat: &Stat) -> Result<(), PathError> {
        owned(path, stat)?;
        if stat.st_mode & OTHERS_WRITE != 0 {
            let mode = stat.st_mode & 0o7777;
            return Err(PathError::WritableFile { path: path.to_owned(), mode });
        }
        if stat.st_nlink > 1 && self.stat()?.st_mode & OTHERS_WRITE != 0 {
            return Err(PathError::HardLinks { path: path.to_owned() });
        }
        Ok(())
    }

    /// Whether root or this user alone can make entries in it.
    pub(super) fn is_exclusive(&self) -> Result<bool, PathError> {
        let stat = self.stat()?;
        Ok(is_trusted(stat.st_uid) && stat.st_mode & OTHERS_WRITE == 0)
    }

    /// Whether a user alone can make entries in it, except root.
    pub(super) fn is_exclusive_to(&self, owner: u32) -> Result<bool, PathError> {
        let stat = self.stat()?;
        Ok(stat.st_uid == owner && stat.st_mode & OTHERS_WRITE == 0)
    }

    /// Whether the directory is in /proc.
    pub(super) fn is_procfs(&self) -> bool {
        self.filesystem() == Some(PROCFS)
    }

    /// The magic number of the directory's filesystem (linux/magic.h); `None` if it cannot be asked.
    pub fn filesystem(&self) -> Option<u64> {
        rustix::fs::fstatfs(self).ok().map(|it| it.f_type as u64)
    }

    fn stat(&self) -> Result<Stat, PathError> {
        rustix::fs::fstat(self).map_err(PathError::errno(&self.path))
    }

    fn openat(&self, name: &OsStr, flags: OFlags) -> rustix::io::Result<File> {
        Ok(File::from(rustix::fs::openat(self, name, flags | COMMON, Mode::empty())?))
    }
}

fn stat_of(path: &Path, file: &File) -> Result<Stat, PathError> {
    rustix::fs::fstat(file).map_err(PathError::errno(path))
}

fn owned(path: &Path, stat: &Stat) -> Result<(), PathError> {
    match is_trusted(stat.st_uid) {
        true => Ok(()),
        false => Err(PathError::Owner { path: path.to_owned(), owner: stat.st_uid }),
    }
}

/// A kind of file that is not used, and the remedy.
fn unfit(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory: name a file in it",
        FileType::Symlink => {
            "a symbolic link, and none is followed: name the file that it leads to"
        }
        FileType::Fifo => "a named pipe: name a regular file",
        FileType::Socket => "a socket: write `unix:` before its path",
        FileType::CharacterDevice => "a device: name a file",
        FileType::BlockDevice => "a block device: name a file",
        FileType::Unknown => "of an unknown kind: name a regular file",
    }
}
