//! Which processes have a socket.

mod hidden;
mod links;

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::fd::BorrowedFd,
};

use rustix::fs::{Mode, OFlags, openat};

use links::{Link, links};

/// So many holders of one socket are told, those with the lowest numbers; the others are counted.
const MOST: usize = 16;

/// How a process has a socket.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Through {
    /// By a descriptor that its threads share.
    Descriptor,
    /// By a descriptor of one of its threads, which does not share them; or the first thread has ended.
    Thread(i32),
    /// By a file that is registered with an io_uring, and has no descriptor.
    IoUring,
}

/// A process that has a socket.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Holder {
    /// Its id, in the namespace of this process.
    pub pid: i32,
    /// How it has it.
    pub through: Through,
}

/// Holders of one socket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) by: Vec<Holder>,
    /// Further holders.
    pub(super) more: usize,
}

/// Holders of all sockets.
#[derive(Default)]
pub(super) struct Found {
    by_inode: HashMap<u32, Held>,
    /// Processes whose descriptors could not be read.
    pub(super) unread: Vec<i32>,
    /// Why there are no processes at all.
    pub(super) failed: Option<io::Error>,
}

impl Found {
    /// Holders of a socket, as far as they can be seen.
    pub(super) fn of(&self, inode: u32) -> Held {
        self.by_inode.get(&inode).cloned().unwrap_or_default()
    }

    /// Whether somebody is seen to have a socket.
    pub(super) fn has(&self, inode: u32) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// Result of a second look.
    pub(super) fn add_all(&mut self, again: Self) {
        self.by_inode.extend(again.by_inode);
        self.unread = again.unread;
        self.failed = again.failed;
    }

    fn add(&mut self, inode: u32, holder: Holder) {
        let held = self.by_inode.entry(inode).or_default();
        // It may have several descriptors, one after the other.
        if held.by.last() == Some(&holder) {
            return;
        }
        match held.by.len() {
            ..MOST => held.by.push(holder),
            _ => held.more += 1,
        }
    }
}

/// Looks for sockets in the descriptors of all processes. Where some are in none, it looks into
/// threads that have descriptors of their own, and into io_urings.
pub(super) fn find(wanted: &HashSet<u32>) -> Found {
    let mut found = Found::default();
    if wanted.is_empty() {
        return found;
    }
    let (processes, pids) = match processes() {
        Ok(listed) => listed,
        Err(error) => {
            found.failed = Some(error);
            return found;
        }
    };
    let processes = std::os::fd::AsFd::as_fd(&processes);
    let mut rings = Vec::new();
    for &pid in &pids {
        let holder = Holder { pid, through: Through::Descriptor };
        let result = descriptors(processes, &format!("{pid}/fd"), |descriptor, link| match link {
            Link::Socket(inode) if wanted.contains(&inode) => found.add(inode, holder),
            Link::IoUring => rings.push((pid, descriptor)),
            Link::Socket(_) | Link::Other => {}
        });
        if result.is_err() {
            found.unread.push(pid);
        }
    }
    let left: HashSet<u32> =
        wanted.iter().copied().filter(|inode| !found.by_inode.contains_key(inode)).collect();
    if !left.is_empty() {
        hidden::find(processes, &pids, &rings, &left, &mut found);
    }
    found
}

/// Which of some sockets a process is seen to have, by descriptors that its threads share; `None` where they cannot be
/// read. It may have a million of them, so that they are looked at once for all.
pub(super) fn held(pid: i32, wanted: &HashSet<u32>) -> Option<HashSet<u32>> {
    let mut held = HashSet::new();
    let look = |_, link| match link {
        Link::Socket(inode) if wanted.contains(&inode) => {
            held.insert(inode);
        }
        Link::Socket(_) | Link::IoUring | Link::Other => {}
    };
    let processes = fs::File::open("/proc").ok()?;
    let processes = std::os::fd::AsFd::as_fd(&processes);
    descriptors(processes, &format!("{pid}/fd"), look).ok()?;
    Some(held)
}

/// An open /proc, and the processes in it, in ascending order.
fn processes() -> io::Result<(fs::File, Vec<i32>)> {
    // An empty directory is no /proc.
    fs::metadata("/proc/self")?;
    let directory = fs::File::open("/proc")?;
    let mut pids: Vec<i32> = links::numbers(&directory)?.collect();
    pids.sort_unstable();
    Ok((directory, pids))
}

/// Visits the links in a directory of descriptors. What has ended has none.
///
/// # Errors
///
/// They cannot all be read.
fn descriptors(
    processes: BorrowedFd<'_>,
    path: &str,
    visit: impl FnMut(i32, Link),
) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let read = openat(processes, path, flags, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|directory| links(&directory, visit));
    match read {
        Err(error) if has_ended(&error) => Ok(()),
        read => read,
    }
}

fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, os::fd::AsRawFd};

    use super::*;

    fn inode(socket: &impl AsRawFd) -> u32 {
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        let link = link.to_str().unwrap().to_owned();
        link.trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap()
    }

    #[test]
    fn a_process_that_has_a_socket_twice_is_told_once() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let again = socket.try_clone().unwrap();
        let inode = inode(&again);
        let held = find(&HashSet::from([inode])).of(inode);
        let own = Holder { pid: std::process::id() as i32, through: Through::Descriptor };
        assert_eq!(held, Held { by: vec![own], more: 0 });
    }

    #[test]
    fn a_process_is_seen_to_have_its_own_sockets_and_no_others() {
        let [one, other] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let [one_inode, other_inode] = [inode(&one), inode(&other)];
        drop(other);
        let own = std::process::id() as i32;
        assert_eq!(held(own, &HashSet::from([one_inode, other_inode])), Some([one_inode].into()));
        assert_eq!(held(i32::MAX, &HashSet::from([one_inode])), Some(HashSet::new()));
    }

    #[test]
    fn more_holders_than_are_told_are_counted() {
        let mut found = Found::default();
        for pid in 1..=20 {
            found.add(7, Holder { pid, through: Through::Descriptor });
        }
        assert_eq!((found.of(7).by.len(), found.of(7).more), (MOST, 20 - MOST));
        assert_eq!(found.of(8), Held::default());
    }
}
