//! Pinned maps, opened to be read alone or to be written as well.

use std::{
    ffi::CString,
    io,
    os::{
        fd::{FromRawFd as _, OwnedFd, RawFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use aya::maps::MapData;

use super::errno;

/// Access that the kernel grants through a descriptor of a map: to its elements, and to mappings of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// `BPF_F_RDONLY` (kernel 4.15): elements can be read. The map cannot be mapped, not even to be read: for such a
    /// descriptor Linux clears `VM_SHARED`, without which `bpf_map_mmap` returns `EINVAL` (6.18).
    Read,
    /// For a mapping, whose own protection decides whether it can be written. The descriptor is closed after it.
    Map,
    /// Elements can be written, too.
    Write,
}

/// Attributes of `BPF_OBJ_GET` (linux/bpf.h).
#[repr(C)]
struct Attributes {
    path: u64,
    fd: u32,
    flags: u32,
}

/// Opens a pinned map.
///
/// # Errors
///
/// Error of the kernel.
pub fn open(path: &Path, access: Access) -> io::Result<MapData> {
    match access {
        Access::Read => MapData::from_fd(open_to_read(path)?),
        Access::Map | Access::Write => MapData::from_pin(path),
    }
    .map_err(errno::system)
}

/// As [`MapData::from_pin`], which passes no flags.
fn open_to_read(path: &Path) -> io::Result<OwnedFd> {
    const BPF_OBJ_GET: libc::c_int = 7;
    const BPF_F_RDONLY: u32 = 1 << 3;
    let path = CString::new(path.as_os_str().as_bytes())?;
    let attributes = Attributes { path: path.as_ptr() as u64, fd: 0, flags: BPF_F_RDONLY };
    let size = size_of::<Attributes>();
    // SAFETY: the attributes and the path are as long as the kernel is told, and outlive the call.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, BPF_OBJ_GET, &raw const attributes, size) };
    match RawFd::try_from(fd) {
        // SAFETY: the call has made the descriptor, and nobody else has it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}
