//! Sockets that no process has in `/proc/PID/fd`, though one has them.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    io::{BufRead, BufReader},
    os::fd::BorrowedFd,
};

use rustix::fs::{Mode, OFlags, openat};

use super::{Found, Holder, Link, Through, descriptors, links};

/// `KCMP_FILES` (linux/kcmp.h).
const FILES: libc::c_int = 2;

/// With so many others a thread is compared, at most.
const COMPARED: usize = 8;

/// Looks for the `wanted` ones in threads and io_urings. `/proc/PID/fd` shows the descriptors of the
/// first thread alone, and none where that has ended while others run.
pub(super) fn find(
    processes: BorrowedFd<'_>,
    pids: &[i32],
    rings: &[(i32, i32)],
    wanted: &HashSet<u32>,
    found: &mut Found,
) {
    for &(pid, ring) in rings {
        registered(processes, pid, ring, |inode| {
            if wanted.contains(&inode) {
                found.add(inode, Holder { pid, through: Through::IoUring });
            }
        });
    }
    for &pid in pids {
        // Threads whose descriptors have been looked at; the last few, where each has its own.
        let mut looked = VecDeque::new();
        for thread in threads(processes, pid) {
            let shares = |&other: &i32| shares_descriptors(other, thread);
            if thread == pid || shares(&pid) || looked.iter().any(shares) {
                continue;
            }
            looked.push_back(thread);
            if looked.len() > COMPARED {
                looked.pop_front();
            }
            let holder = Holder { pid, through: Through::Thread(thread) };
            let path = format!("{pid}/task/{thread}/fd");
            // What cannot be read of the process has been counted.
            let _ = descriptors(processes, &path, |_, link| match link {
                Link::Socket(inode) if wanted.contains(&inode) => found.add(inode, holder),
                Link::Socket(_) | Link::IoUring | Link::Other => {}
            });
        }
    }
}

fn threads(processes: BorrowedFd<'_>, pid: i32) -> Vec<i32> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(processes, format!("{pid}/task"), flags, Mode::empty())
        .ok()
        .and_then(|directory| links::numbers(&directory).ok().map(Iterator::collect))
        .unwrap_or_default()
}

/// Whether two threads share their descriptors; not where that is not known.
fn shares_descriptors(one: i32, other: i32) -> bool {
    // SAFETY: kcmp takes numbers.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, FILES, 0, 0) == 0 }
}

/// Visits the sockets that are registered with an io_uring: `fdinfo` has a line such as
/// `    0: socket:[12345]` for each file (kernel 5.5).
fn registered(processes: BorrowedFd<'_>, pid: i32, ring: i32, mut visit: impl FnMut(u32)) {
    let path = format!("{pid}/fdinfo/{ring}");
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(opened) = openat(processes, path, flags, Mode::empty()) else {
        return;
    };
    for line in BufReader::new(File::from(opened)).split(b'\n').map_while(Result::ok) {
        let file = line.rsplit(u8::is_ascii_whitespace).next();
        file.and_then(links::socket).into_iter().for_each(&mut visit);
    }
}
