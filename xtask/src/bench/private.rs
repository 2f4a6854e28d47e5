//! A network and a BPF file system of this thread's own.

use std::{ffi::CStr, io, ptr};

use anyhow::{Context as _, Result, bail};

/// Where the thread's own BPF file system is mounted.
pub const BPFFS: &str = "/sys/fs/bpf";

/// Gives the thread a network namespace without sockets or traffic.
pub fn enter_network() -> Result<()> {
    unshare(libc::CLONE_NEWNET)
}

/// Gives the thread a mount namespace.
pub fn enter_mounts() -> Result<()> {
    unshare(libc::CLONE_NEWNS)?;
    mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE).context("making / private")
}

fn unshare(flags: libc::c_int) -> Result<()> {
    // SAFETY: the call takes flags, and concerns this thread alone.
    if unsafe { libc::unshare(flags) } != 0 {
        bail!("a namespace of its own takes root: unshare: {}", io::Error::last_os_error());
    }
    Ok(())
}

/// Mounts a BPF file system that only this thread sees, and that ends with it.
pub fn mount_bpffs() -> Result<()> {
    mount(Some(c"bpf"), c"/sys/fs/bpf", Some(c"bpf"), 0).context("mounting a BPF file system")
}

fn mount(
    source: Option<&CStr>,
    target: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
) -> io::Result<()> {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: every string ends with a zero and outlives the call; null stands for none.
    let failed =
        unsafe { libc::mount(pointer(source), target.as_ptr(), pointer(kind), flags, ptr::null()) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
