//! Programs of somebody else's, named `theirs`: they do the same to everything.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

// linux/if_link.h.
pub const GENERIC: u32 = 2;
pub const NATIVE: u32 = 4;

const BPF_PROG_LOAD: i64 = 5;
const BPF_LINK_CREATE: i64 = 28;
const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_PROG_TYPE_SCHED_CLS: u32 = 3;
const BPF_XDP: u32 = 37;
const BPF_TCX_INGRESS: u32 = 46;

/// The head of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
struct Load {
    kind: u32,
    instructions: u32,
    code: u64,
    license: u64,
    log: [u64; 2],
    flags: u64,
    name: [u8; 8],
}

/// The head of `union bpf_attr` for `BPF_LINK_CREATE`.
#[repr(C)]
struct Create {
    program: u32,
    interface: u32,
    kind: u32,
    flags: u32,
}

/// Attaches a program that passes everything until the link is dropped.
pub fn attach(interface: u32, flags: u32) -> OwnedFd {
    // XDP_PASS
    let program = load(BPF_PROG_TYPE_XDP, 2);
    let program = program.as_raw_fd() as u32;
    bpf(BPF_LINK_CREATE, &Create { program, interface, kind: BPF_XDP, flags })
}

/// Attaches a program to the packets that an interface receives (TCX, kernel 6.6) until the link is dropped; `None` if
/// the kernel is older.
pub fn attach_at_ingress(interface: u32) -> Option<OwnedFd> {
    // TCX_NEXT
    let program = load(BPF_PROG_TYPE_SCHED_CLS, u32::MAX);
    let program = program.as_raw_fd() as u32;
    let create = Create { program, interface, kind: BPF_TCX_INGRESS, flags: 0 };
    let link = try_bpf(BPF_LINK_CREATE, &create);
    match link {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => None,
        link => Some(link.unwrap()),
    }
}

/// Loads a program of a type (`BPF_PROG_TYPE_*`) that returns a number.
pub fn load(kind: u32, result: u32) -> OwnedFd {
    // r0 = result; exit
    let code: [u64; 2] = [u64::from(result) << 32 | 0xb7, 0x95];
    let load = Load {
        kind,
        instructions: code.len() as u32,
        code: code.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        log: [0; 2],
        flags: 0,
        name: *b"theirs\0\0",
    };
    bpf(BPF_PROG_LOAD, &load)
}

fn bpf<T>(command: i64, attributes: &T) -> OwnedFd {
    try_bpf(command, attributes).unwrap_or_else(|error| panic!("bpf({command}): {error}"))
}

fn try_bpf<T>(command: i64, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the attributes, and the code and the licence that they point to, outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, size_of::<T>()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(result as i32) })
}
