//! BPF programs that are attached somewhere, by their ids.

use std::{fs::File, io, os::fd::AsRawFd as _};

/// `BPF_PROG_QUERY` (linux/bpf.h).
const PROG_QUERY: libc::c_long = 16;

// `enum bpf_attach_type` (linux/bpf.h).
const SK_LOOKUP: u32 = 36;
const TCX_INGRESS: u32 = 46;

/// So many ids are read at most.
const MOST: usize = 64;

/// The fields of `union bpf_attr` that the question has (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct Query {
    target: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
    attach_flags_of: u64,
    link_ids: u64,
    link_attach_flags_of: u64,
    revision: u64,
}

/// Whether an `sk_lookup` program (kernel 5.9) chooses sockets in the calling thread's network namespace.
///
/// # Errors
///
/// The kernel's, such as a missing CAP_NET_ADMIN, and those of opening the namespace.
pub fn chooses_sockets() -> io::Result<bool> {
    let namespace = File::open("/proc/thread-self/ns/net")?;
    Ok(!attached(namespace.as_raw_fd().cast_unsigned(), SK_LOOKUP)?.is_empty())
}

/// The TCX programs (kernel 6.6) on the packets that an interface receives.
///
/// # Errors
///
/// The kernel's, such as a missing CAP_NET_ADMIN.
pub fn at_ingress(interface: u32) -> io::Result<Vec<u32>> {
    attached(interface, TCX_INGRESS)
}

/// The ids of the programs at a target, 64 at most; none if the kernel does not know the attach type.
fn attached(target: u32, attach_type: u32) -> io::Result<Vec<u32>> {
    let mut ids = [0_u32; MOST];
    let mut query = Query {
        target,
        attach_type,
        ids: ids.as_mut_ptr() as u64,
        count: MOST as u32,
        ..Query::default()
    };
    // SAFETY: the kernel reads and writes the query, whose size it is given, and writes as many ids as `count` says;
    // both outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, PROG_QUERY, &raw mut query, size_of::<Query>()) };
    match (result, io::Error::last_os_error()) {
        // ENOSPC: there are more than were asked for.
        (0, _) => {}
        (_, error) if error.raw_os_error() == Some(libc::ENOSPC) => {}
        // A kernel without the attach type.
        (_, error) if error.raw_os_error() == Some(libc::EINVAL) => return Ok(Vec::new()),
        (_, error) => return Err(error),
    }
    let count = (query.count as usize).min(MOST);
    Ok(ids[..count].to_vec())
}
