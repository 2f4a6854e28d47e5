//! A kernel that does not do everything.

use std::{io, os::unix::process::CommandExt as _, process::Command};

/// `BPF_LINK_CREATE` (linux/bpf.h).
const LINK_CREATE: u32 = 28;

// Where they are in `struct seccomp_data` (linux/seccomp.h): the system call, and the lower halves of
// its first and its third argument.
const NUMBER: u32 = 0;
const ARGUMENT: u32 = 16;
const THIRD: u32 = 32;

/// Has a command find no BPF links: to make one is an invalid argument, as before kernel 5.9.
pub fn without_links(command: &mut Command) -> &mut Command {
    refuse(command, libc::SYS_bpf, &[(ARGUMENT, LINK_CREATE)], libc::EINVAL)
}

/// Has a command list no sockets: it gets the answer of a kernel without sock_diag.
pub fn without_socket_lists(command: &mut Command) -> &mut Command {
    let (family, diag) = (libc::AF_NETLINK as u32, libc::NETLINK_SOCK_DIAG as u32);
    let arguments = [(ARGUMENT, family), (THIRD, diag)];
    refuse(command, libc::SYS_socket, &arguments, libc::EPROTONOSUPPORT)
}

/// Has a system call with some arguments fail in a command.
fn refuse<'a>(
    command: &'a mut Command,
    call: libc::c_long,
    arguments: &[(u32, u32)],
    error: i32,
) -> &'a mut Command {
    let one = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let load = |offset| one(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let end = |result| one(libc::BPF_RET | libc::BPF_K, result);
    let is = |value| one(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value);
    let mut filter = vec![load(NUMBER), is(call as u32)];
    for &(offset, value) in arguments {
        filter.extend([load(offset), is(value)]);
    }
    filter.extend([end(libc::SECCOMP_RET_ERRNO | error as u32), end(libc::SECCOMP_RET_ALLOW)]);
    let allow = filter.len() - 1;
    for (at, step) in filter.iter_mut().enumerate() {
        if step.code == is(0).code {
            step.jf = (allow - at - 1) as u8;
        }
    }
    // SAFETY: between fork and exec, a system call is made that reads the filter.
    unsafe { command.pre_exec(move || install(&mut filter)) }
}

fn install(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    let set = libc::PR_SET_SECCOMP;
    // SAFETY: the program, and the filter that it points to, outlive the call.
    match unsafe { libc::prctl(set, libc::SECCOMP_MODE_FILTER, &raw const program) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
