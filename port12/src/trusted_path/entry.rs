//! Properties of one entry of a directory.

use std::{
    ffi::OsStr,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags, Stat},
    io::Errno,
};

use super::PathError;

/// Bits of a mode that let others write.
pub(super) const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// An entry itself, never what a link leads to, and its properties. Opens no device and wakes nobody.
pub(super) fn look(at: impl AsFd, name: &OsStr) -> Result<(OwnedFd, Stat), Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(at, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    Ok((file, stat))
}

/// Root, or the user that this process runs as.
pub(super) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Nobody but the owner of a directory can replace the entries of others in it.
pub(super) fn writable_by_owner(path: &Path, stat: &Stat) -> Result<(), PathError> {
    let mode = stat.st_mode & 0o7777;
    match mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        true => Err(PathError::WritableDirectory { path: path.to_owned(), mode }),
        false => Ok(()),
    }
}
