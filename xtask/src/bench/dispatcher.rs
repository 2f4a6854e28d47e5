//! Keeps the measured programs in the kernel's XDP dispatcher.
//!
//! The dispatcher turns the indirect call of a program into a direct one, for attached programs
//! and for one that is test-run. A test-run of a program that is not attached rewrites it twice,
//! and waits for an RCU grace period each time: 20 to 40 ms, with the caches cold afterwards. A
//! program that is attached anywhere stays in it: the spread of the figures shrinks to a third, and
//! those of a quiet machine stay the same within 1 ns.

use std::{
    fs::File,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};

use super::{private, syscall::bpf};

const LINK_CREATE: libc::c_int = 28;
const ATTACH_TYPE_XDP: u32 = 37;
const GENERIC_MODE: u32 = 1 << 1;
/// Of the loopback interface, in every network namespace.
const LOOPBACK: u32 = 1;

/// A program that is attached to the loopback interface of a network namespace without traffic.
/// Dropping it detaches the program.
pub struct Kept {
    _link: OwnedFd,
    _namespace: File,
}

/// The part of `union bpf_attr` for `BPF_LINK_CREATE`.
#[repr(C)]
struct LinkCreate {
    prog_fd: u32,
    target_ifindex: u32,
    attach_type: u32,
    flags: u32,
}

/// Attaches a program in a namespace of its own, which the thread is in afterwards.
pub fn keep(program: BorrowedFd<'_>) -> Result<Kept> {
    private::enter_network()?;
    let path = "/proc/thread-self/ns/net";
    let namespace = File::open(path).context(path)?;
    let mut attributes = LinkCreate {
        prog_fd: program.as_raw_fd() as u32,
        target_ifindex: LOOPBACK,
        attach_type: ATTACH_TYPE_XDP,
        flags: GENERIC_MODE,
    };
    let link = bpf(LINK_CREATE, &mut attributes)
        .context("attaching to the loopback interface of a network namespace without traffic")?;
    // SAFETY: the kernel has just made the descriptor for this process.
    Ok(Kept { _link: unsafe { OwnedFd::from_raw_fd(link) }, _namespace: namespace })
}
