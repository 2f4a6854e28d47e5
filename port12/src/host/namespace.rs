//! The network namespace of the calling thread.

use std::{io, os::fd::AsRawFd as _};

use socket2::{Domain, Socket, Type};

/// `SO_NETNS_COOKIE` (asm-generic/socket.h; kernel 5.14).
const SO_NETNS_COOKIE: libc::c_int = 71;

/// Cookie, as of `bpf_get_netns_cookie`.
///
/// # Errors
///
/// The kernel is older than 5.14, or has no socket left.
pub fn namespace_cookie() -> io::Result<u64> {
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    let (mut cookie, mut length) = (0_u64, size_of::<u64>() as libc::socklen_t);
    // SAFETY: the kernel fills as many bytes as there are.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    match result {
        0 => Ok(cookie),
        _ => Err(io::Error::last_os_error()),
    }
}
