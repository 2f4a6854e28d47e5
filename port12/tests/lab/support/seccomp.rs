//! A kernel that does not do everything.

use std::{io, os::unix::process::CommandExt as _, process::Command};

/// `BPF_LINK_CREATE` (linux/bpf.h).
const LINK_CREATE: u32 = 28;

// Where they are in `struct seccomp_data` (linux/seccomp.h): the system call, and the lower half of
// its first argument.
const NUMBER: u32 = 0;
const ARGUMENT: u32 = 16;

/// Has a command find no BPF links: to make one is an invalid argument, as before kernel 5.9.
pub fn without_links(command: &mut Command) -> &mut Command {
    let one = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let load = |offset| one(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let end = |result| one(libc::BPF_RET | libc::BPF_K, result);
    let unless = |value, jf| libc::sock_filter {
        jf,
        ..one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    };
    let filter = [
        load(NUMBER),
        unless(libc::SYS_bpf as u32, 3),
        load(ARGUMENT),
        unless(LINK_CREATE, 1),
        end(libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32),
        end(libc::SECCOMP_RET_ALLOW),
    ];
    // SAFETY: between fork and exec, a system call is made that reads the filter.
    unsafe { command.pre_exec(move || install(filter)) }
}

fn install(mut filter: [libc::sock_filter; 6]) -> io::Result<()> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    let set = libc::PR_SET_SECCOMP;
    // SAFETY: the program, and the filter that it points to, outlive the call.
    match unsafe { libc::prctl(set, libc::SECCOMP_MODE_FILTER, &raw const program) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
