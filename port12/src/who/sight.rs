//! How far this process sees others.

use std::{fs, os::unix::fs::MetadataExt as _};

use procfs::process::Process;

use super::{Limit, holders::Found};
use crate::host::capabilities::lacks;

/// What it takes to read the descriptors of everybody: to list them, and to see what they are. 1
/// stands in for 2 (linux/capability.h).
const PTRACE: (&str, &[u32]) = ("CAP_SYS_PTRACE", &[19]);
const SEARCH: (&str, &[u32]) = ("CAP_DAC_READ_SEARCH", &[2, 1]);

/// What it takes to enter a network namespace.
const ADMIN: (&str, &[u32]) = ("CAP_SYS_ADMIN", &[21]);

/// `PROC_PID_INIT_INO` (linux/proc_ns.h): the PID namespace that has all processes.
const ALL_PROCESSES: u64 = 0xEFFF_FFFC;

/// What kept processes out of sight; whether anything did.
pub(super) fn limits(found: &Found, limits: &mut Vec<Limit>) -> bool {
    let before = limits.len();
    let mut limit = |what: String, needs| limits.push(Limit { what, needs });
    if let Some(error) = &found.failed {
        limit(format!("which processes there are cannot be read (/proc: {error})"), Vec::new());
    }
    if found.unread > 0 {
        let what = "the descriptors of some processes cannot be read, so not all holders of sockets \
                    are known";
        limit(what.to_owned(), lacks(&[PTRACE, SEARCH]));
    }
    let ptrace = lacks(&[PTRACE]);
    if !ptrace.is_empty() && hides_processes() {
        limit("/proc is mounted with hidepid, and hides processes of others".to_owned(), ptrace);
    }
    let namespace = fs::metadata("/proc/self/ns/pid").map(|found| found.ino());
    if namespace.is_ok_and(|inode| inode != ALL_PROCESSES) {
        let what = "this is a PID namespace of its own: processes outside of it are out of sight";
        limit(what.to_owned(), Vec::new());
    }
    limits.len() > before
}

/// Network namespaces could not be entered or found.
pub(super) fn closed_namespaces(count: usize) -> Option<Limit> {
    (count > 0).then(|| Limit {
        what: "some network namespaces cannot be found or entered".to_owned(),
        needs: lacks(&[ADMIN, PTRACE]),
    })
}

/// Whether /proc has only the processes that this one may trace (proc(5), `hidepid`).
fn hides_processes() -> bool {
    let mounts = Process::myself().and_then(|process| process.mountinfo());
    let mut mounts = mounts.into_iter().flatten();
    mounts.any(|mount| {
        let hidepid = mount.super_options.get("hidepid").cloned().flatten();
        mount.fs_type == "proc"
            && mount.mount_point.as_os_str() == "/proc"
            && hidepid.is_some_and(|value| !matches!(&*value, "0" | "off" | "1" | "noaccess"))
    })
}
