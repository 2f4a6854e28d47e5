//! CPUs, and which of them a thread runs on.

use std::{mem, thread};

/// The first CPUs that a thread of this process may run on, as many as are asked for at most.
pub fn first(most: usize) -> Vec<usize> {
    let may = || (0..libc::CPU_SETSIZE as usize).filter(|cpu| pin(*cpu)).take(most).collect();
    // A thread of its own: this one stays where it may be.
    thread::scope(|scope| scope.spawn(may).join().unwrap())
}

/// Puts this thread on a CPU; false where it may not run there, or the CPU is not there.
pub fn pin(cpu: usize) -> bool {
    // SAFETY: a CPU set is plain bytes, and the call changes this thread alone.
    unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set) == 0
    }
}
