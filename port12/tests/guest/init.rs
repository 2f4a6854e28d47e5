//! What an init does: file systems, modules, limits, links, and the end.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    os::fd::AsRawFd as _,
    ptr,
};

use anyhow::{Context as _, Result, bail};

use crate::{interface, kernel};

/// The modules to load, one path a line, dependencies first.
const MODULES: &str = "/modules.load";

/// Brings the machine to where the checks can run.
pub fn boot() -> Result<String> {
    mount("proc", "/proc")?;
    mount("sysfs", "/sys")?;
    mount("devtmpfs", "/dev")?;
    mount("bpf", "/sys/fs/bpf")?;
    mount("cgroup2", "/sys/fs/cgroup")?;
    lift_memlock()?;
    for path in modules()?.iter().filter(|path| !lists_sockets(path)) {
        load_module(path)?;
    }
    interface::bring_up("lo")?;
    let nics = interface::virtio()?;
    for nic in &nics {
        interface::bring_up(nic)?;
    }
    Ok(format!("{}, virtio-net: {}", kernel::release()?, nics.join(" ")))
}

/// Loads the modules that list sockets. Before, nobody can.
pub fn load_socket_lists() -> Result<String> {
    let modules = modules()?;
    let lists: Vec<&String> = modules.iter().filter(|path| lists_sockets(path)).collect();
    for path in &lists {
        load_module(path)?;
    }
    Ok(format!("{} modules", lists.len()))
}

fn modules() -> Result<Vec<String>> {
    let text = fs::read_to_string(MODULES).with_context(|| format!("cannot read {MODULES}"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn lists_sockets(path: &str) -> bool {
    path.contains("_diag")
}

fn mount(kind: &str, target: &str) -> Result<()> {
    fs::create_dir_all(target).with_context(|| format!("cannot create {target}"))?;
    let (kind_c, target_c) = (CString::new(kind)?, CString::new(target)?);
    // SAFETY: the strings end in NUL and outlive the call; these file systems take no data.
    let status =
        unsafe { libc::mount(kind_c.as_ptr(), target_c.as_ptr(), kind_c.as_ptr(), 0, ptr::null()) };
    match (status, io::Error::last_os_error()) {
        (0, _) => Ok(()),
        // The kernel mounts devtmpfs by itself where it is configured to.
        (_, error) if error.raw_os_error() == Some(libc::EBUSY) => Ok(()),
        (_, error) => Err(error).with_context(|| format!("cannot mount {kind} at {target}")),
    }
}

/// Kernels before 5.11 charge maps to RLIMIT_MEMLOCK.
fn lift_memlock() -> Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error()).context("setrlimit(RLIMIT_MEMLOCK) failed");
    }
    Ok(())
}

fn load_module(path: &str) -> Result<()> {
    let file = File::open(path).with_context(|| format!("cannot open the module {path}"))?;
    // SAFETY: the descriptor is open and the parameter string ends in NUL.
    let status =
        unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), 0) };
    match (status, io::Error::last_os_error()) {
        (0, _) => Ok(()),
        (_, error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        (_, error) => bail!("cannot load the module {path}: {error}"),
    }
}

/// Ends the machine; QEMU's exit code says whether the checks passed.
pub fn power_off(passed: bool) -> ! {
    // SAFETY: waits until the console has sent everything; the descriptor is standard output.
    unsafe { libc::tcdrain(libc::STDOUT_FILENO) };
    debug_exit(if passed { 0x10 } else { 0x11 });
    // Without QEMU's device the write above does nothing: the exit code is then another.
    // SAFETY: init has nothing left to lose.
    unsafe { libc::reboot(libc::RB_AUTOBOOT) };
    loop {
        std::thread::park();
    }
}

/// QEMU's isa-debug-exit: writing `n` ends QEMU with the exit code `2n + 1`.
#[cfg(target_arch = "x86_64")]
fn debug_exit(value: u8) {
    const PORT: u16 = 0xf4;
    // SAFETY: the port belongs to QEMU's device, and ioperm allows it before it is written.
    unsafe {
        if libc::ioperm(PORT.into(), 1, 1) == 0 {
            std::arch::asm!("out dx, al", in("dx") PORT, in("al") value);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn debug_exit(_: u8) {}
