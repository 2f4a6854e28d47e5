//! bpf(2), for what aya has no interface to.

use std::io;

/// Calls it with the part of `union bpf_attr` that the command takes.
pub fn bpf<T>(command: libc::c_int, attributes: &mut T) -> io::Result<i32> {
    let (pointer, size) = (&raw mut *attributes, size_of::<T>());
    // SAFETY: the attributes are as long as is said, and what they point to outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, pointer, size) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}
