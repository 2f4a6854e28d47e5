//! Privileges of `run`: those that it keeps after its start, and how it gives up all others.
//!
//! Capabilities belong to a thread (capabilities(7)), and there is no call that drops those of all threads. So each thread
//! that `run` starts is started by [`spawn`] and limits itself before it does anything else; the main thread, which opens
//! and attaches, does so in [`give_up`], after its start. Commands that end by themselves keep what they are given.

mod capabilities;
mod fence;

use std::{
    io,
    sync::OnceLock,
    thread::{self, JoinHandle},
};

use rustix::thread::CapabilitySet;

/// Capabilities without which nothing can be attached or reloaded: kept in any case.
const WATCHING: CapabilitySet =
    CapabilitySet::BPF.union(CapabilitySet::NET_ADMIN).union(CapabilitySet::PERFMON);

/// Capabilities that show the processes of other users.
const OWNERS: CapabilitySet = CapabilitySet::SYS_PTRACE.union(CapabilitySet::DAC_READ_SEARCH);

/// Capabilities that the threads of this process keep, once that is decided.
static KEPT: OnceLock<CapabilitySet> = OnceLock::new();

/// Decides which capabilities the threads keep that are started from now on: the three for watching, and unless it is to
/// be the `least`, the two that show owners.
pub fn decide(least: bool) {
    let wanted = if least { WATCHING } else { WATCHING | OWNERS };
    KEPT.get_or_init(|| capabilities::with_stand_in(wanted));
}

/// Starts a thread with the capabilities that were decided on, if any.
///
/// # Errors
///
/// If no thread can be had.
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        limit_to_kept();
        work()
    })
}

/// Starts a thread without any capabilities, in a process that is to give up its own.
///
/// # Errors
///
/// If no thread can be had.
pub fn spawn_without(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        report(capabilities::limit(CapabilitySet::empty()));
        work();
    })
}

/// Gives up the capabilities of this thread that are not kept, and fences all threads in.
///
/// A privilege that cannot be dropped is logged: watching goes on.
pub fn give_up() {
    limit_to_kept();
    fence::raise();
}

/// Whether this process has root's user id without root's power over files.
pub fn is_limited() -> bool {
    rustix::process::geteuid().is_root()
        && rustix::thread::capabilities(None)
            .is_ok_and(|held| !held.effective.contains(CapabilitySet::DAC_OVERRIDE))
}

/// Lets maps be made later on, too: before kernel 5.11 they count towards the memory that a process may lock, and
/// CAP_SYS_RESOURCE is given up.
pub fn raise_memory_limit() {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) } != 0 {
        log::debug!("RLIMIT_MEMLOCK stays: {}", io::Error::last_os_error());
    }
}

fn limit_to_kept() {
    if let Some(kept) = KEPT.get() {
        report(capabilities::limit(*kept));
    }
}

fn report(limited: rustix::io::Result<()>) {
    if let Err(error) = limited {
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name");
        log::warn!("the thread {name} keeps its capabilities: {error}");
    }
}
