//! How far this process sees others.

use std::{fs, os::unix::fs::MetadataExt as _};

use procfs::process::Process;

use super::holders::Found;
use crate::host::capabilities::lacks;
use crate::model::Limit;

/// What it takes to read the descriptors of everybody: to list them, and to see what they are. 1
/// stands in for 2 (linux/capability.h).
const PTRACE: (&str, &[u32]) = ("CAP_SYS_PTRACE", &[19]);
const SEARCH: (&str, &[u32]) = ("CAP_DAC_READ_SEARCH", &[2, 1]);

/// Capability that entering a network namespace requires.
const ADMIN: (&str, &[u32]) = ("CAP_SYS_ADMIN", &[21]);

/// `PROC_PID_INIT_INO` (linux/proc_ns.h): the PID namespace that has all processes.
const ALL_PROCESSES: u64 = 0xEFFF_FFFC;

/// Adds the causes for which processes are out of sight; returns whether there are any.
pub(super) fn limits(found: &Found, limits: &mut Vec<Limit>) -> bool {
    let before = limits.len();
    if let Some(error) = &found.failed {
        let what = format!("processes: /proc cannot be read: {error}");
        limits.push(Limit { what, needs: Vec::new() });
    }
    if let Some(first) = found.unread.first() {
        let which = match found.unread.len() {
            1 => format!("process {first}"),
            many => format!("{many} processes"),
        };
        limits.push(forbidden(
            format!("the descriptors of {which}, so not all holders of sockets are known"),
            missing(&[PTRACE, SEARCH]),
        ));
    }
    let ptrace = missing(&[PTRACE]);
    if !ptrace.is_empty() && hides_processes() {
        let what = "processes of others: /proc is mounted with hidepid".to_owned();
        limits.push(Limit { what, needs: ptrace });
    }
    if !numbers_are_the_kernels() {
        let what = "processes outside of this PID namespace".to_owned();
        limits.push(Limit { what, needs: Vec::new() });
    }
    limits.len() > before
}

/// Whether processes have the numbers here that the kernel's programs know them by: this PID namespace is the first
/// one, or cannot be told.
pub fn numbers_are_the_kernels() -> bool {
    let namespace = fs::metadata("/proc/self/ns/pid").map(|found| found.ino());
    namespace.map_or(true, |inode| inode == ALL_PROCESSES)
}

/// Network namespaces that could not be entered, and threads of which it could not be read in which they
/// are.
pub(super) fn closed_namespaces(count: usize) -> Option<Limit> {
    let what = "network namespaces other than those listed, if there are any".to_owned();
    (count > 0).then(|| forbidden(what, missing(&[ADMIN, PTRACE])))
}

/// Names of the capabilities that this process lacks.
fn missing(wanted: &[(&'static str, &[u32])]) -> Vec<String> {
    lacks(wanted).into_iter().map(ToOwned::to_owned).collect()
}

/// What is missing to see something; where nothing is, somebody else forbids it.
fn forbidden(mut what: String, needs: Vec<String>) -> Limit {
    if needs.is_empty() {
        what.push_str("; a security module or a user namespace forbids it");
    }
    Limit { what, needs }
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
