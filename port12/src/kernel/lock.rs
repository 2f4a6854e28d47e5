//! Lock of the lists that several processes write.

use std::{fs::File, os::fd::AsRawFd as _, path::Path};

/// Waits until no other process is between reading the lists in a directory and writing them. Where
/// nobody else can reach them, or the directory is going, there is nothing to wait for.
pub(super) fn hold(directory: Option<&Path>) -> Option<File> {
    let directory = File::open(directory?).ok()?;
    // SAFETY: the descriptor is open.
    let locked = unsafe { libc::flock(directory.as_raw_fd(), libc::LOCK_EX) } == 0;
    locked.then_some(directory)
}
