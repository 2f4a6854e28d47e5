//! The unified hierarchy of cgroups.

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use procfs::process::Process;

/// The id of the root (kernel/cgroup/cgroup.c), which is the inode of its directory.
pub const ROOT: u64 = 1;

/// A cgroup that can be attached to.
#[derive(Debug)]
pub struct Highest {
    /// Where it is.
    pub path: PathBuf,
    /// Its directory.
    pub directory: File,
    /// Whether every process is in it or below.
    pub is_root: bool,
}

/// Where it is mounted: all that there is of it to see, else a part.
pub fn hierarchy() -> Option<PathBuf> {
    let mounts = Process::myself().ok()?.mountinfo().ok()?;
    let mounts = mounts.into_iter().filter(|mount| mount.fs_type == "cgroup2");
    mounts.min_by_key(|mount| mount.root != "/").map(|mount| mount.mount_point)
}

/// Opens the highest cgroup that there is to see: in a container, that may be the container's.
///
/// # Errors
///
/// Where the hierarchy is not mounted, or not to be opened.
pub fn open_highest() -> io::Result<Highest> {
    let path = hierarchy().ok_or_else(|| {
        let why = "the unified hierarchy of cgroups is not mounted (`mount -t cgroup2 cgroup2 \
                   /sys/fs/cgroup`)";
        io::Error::new(io::ErrorKind::NotFound, why)
    })?;
    let directory = File::open(&path).map_err(|error| at(&path, &error))?;
    let inode = directory.metadata().map_err(|error| at(&path, &error))?.ino();
    Ok(Highest { path, directory, is_root: inode == ROOT })
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
