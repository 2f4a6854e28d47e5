//! Network namespaces: which there are, and being in one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    thread,
};

use procfs::process::Process;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

const OWN: &str = "/proc/thread-self/ns/net";

/// Where `ip netns` mounts those that it names.
const NAMED: &str = "/run/netns";

/// A network namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Namespace {
    /// Its inode, which tells it from others; 0 where it cannot be read.
    pub inode: u64,
    /// The name of a file that it is mounted on.
    pub name: Option<String>,
    path: PathBuf,
}

/// Network namespaces, and processes of which it cannot be read in which they are.
#[derive(Default)]
pub(super) struct Found {
    pub(super) namespaces: Vec<Namespace>,
    pub(super) unread: usize,
}

impl Namespace {
    /// The calling thread's.
    pub fn own() -> Self {
        let inode = fs::metadata(OWN).map_or(0, |found| found.ino());
        let name = mounted().remove(&inode).and_then(|path| name(&path));
        Self { inode, name, path: OWN.into() }
    }

    /// Does something in it, in a thread of its own; `None` where it has gone.
    ///
    /// # Errors
    ///
    /// It may not be entered: that takes CAP_SYS_ADMIN over it.
    pub(super) fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> io::Result<Option<T>> {
        let handle = match File::open(&self.path) {
            Ok(handle) if handle.metadata()?.ino() == self.inode => handle,
            // The number of its process is another's.
            Ok(_) => return Ok(None),
            Err(error) if has_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                move_into_link_name_space(handle.as_fd(), Some(LinkNameSpaceType::Network))?;
                Ok(Some(act()))
            });
            entered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// All that processes and threads are in, and that are mounted where this process sees it, but for
/// its own. Those that only a descriptor or a socket keeps are not found.
pub(super) fn others(own: u64) -> Found {
    let mut paths = mounted();
    let mut unread = 0;
    for process in numbered(Path::new("/proc")) {
        // Threads of one process may be in different ones.
        for thread in numbered(&process.join("task")) {
            let path = thread.join("ns/net");
            match fs::metadata(&path) {
                Ok(found) => {
                    paths.entry(found.ino()).or_insert(path);
                }
                Err(error) if has_gone(&error) => {}
                Err(_) => unread += 1,
            }
        }
    }
    paths.remove(&own);
    let namespaces = paths.into_iter().map(|(inode, path)| {
        let name = if path.starts_with("/proc") { None } else { name(&path) };
        Namespace { inode, name, path }
    });
    Found { namespaces: namespaces.collect(), unread }
}

/// A process that has ended, and a mount that has been taken off.
fn has_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// The entries of a directory whose names are numbers.
fn numbered(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let is_number = |name: &std::ffi::OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(move |entry| is_number(&entry.file_name())).map(|entry| entry.path())
}

/// Where network namespaces are mounted, by inode: in the directory of `ip netns`, else anywhere.
fn mounted() -> BTreeMap<u64, PathBuf> {
    let mut found: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mounts = Process::myself().and_then(|process| process.mountinfo());
    for mount in mounts.into_iter().flatten().filter(|mount| mount.fs_type == "nsfs") {
        let inode = mount.root.strip_prefix("net:[").and_then(|rest| rest.strip_suffix(']'));
        if let Some(inode) = inode.and_then(|digits| digits.parse().ok()) {
            let path = found.entry(inode).or_insert_with(|| mount.mount_point.clone());
            if mount.mount_point.starts_with(NAMED) {
                path.clone_from(&mount.mount_point);
            }
        }
    }
    found
}

fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_s_own_is_known_without_any_capability() {
        let own = Namespace::own();
        assert_ne!(own.inode, 0);
        assert!(!others(own.inode).namespaces.contains(&own));
    }

    #[test]
    fn one_that_has_gone_is_not_entered() {
        let own = Namespace::own();
        let gone = Namespace { path: "/proc/0/ns/net".into(), ..own.clone() };
        assert_eq!(gone.enter(|| ()).unwrap(), None);
        let another = Namespace { inode: own.inode + 1, ..own };
        assert_eq!(another.enter(|| ()).unwrap(), None);
    }
}
