//! The CPU that measures, and the time that this thread takes of it.

use std::{io, mem};

use anyhow::{Context as _, Result};

/// Keeps the thread on the last CPU it may run on, the one least likely to serve the devices'
/// interrupts. Returns its number.
pub fn pin() -> Result<usize> {
    // SAFETY: a set of bits, for which zeros are the empty set.
    let mut allowed: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a set of the size that is passed.
    let failed = unsafe { libc::sched_getaffinity(0, size_of_val(&allowed), &raw mut allowed) };
    if failed != 0 {
        return Err(io::Error::last_os_error()).context("sched_getaffinity");
    }
    let cpu = (0..libc::CPU_SETSIZE as usize)
        .rev()
        // SAFETY: the number is within the set.
        .find(|&cpu| unsafe { libc::CPU_ISSET(cpu, &allowed) })
        .context("this thread may run on no CPU")?;
    // SAFETY: as above.
    let mut alone: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the number is within the set.
    unsafe { libc::CPU_SET(cpu, &mut alone) };
    // SAFETY: the pointer is to a set of the size that is passed.
    if unsafe { libc::sched_setaffinity(0, size_of_val(&alone), &raw const alone) } != 0 {
        return Err(io::Error::last_os_error()).context("sched_setaffinity");
    }
    Ok(cpu)
}

/// The CPU time of `work` on this thread, in nanoseconds, and its result.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = thread_time()?;
    let result = work()?;
    Ok((thread_time()? - start, result))
}

fn thread_time() -> Result<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error()).context("clock_gettime(CLOCK_THREAD_CPUTIME_ID)");
    }
    Ok(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
}
