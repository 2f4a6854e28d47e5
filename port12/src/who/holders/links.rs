//! Targets of descriptors.

use std::{io, mem::MaybeUninit, os::fd::AsFd};

use rustix::fs::{Dir, readlinkat_raw};

/// Target of a descriptor, by its link in `/proc/PID/fd`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Link {
    /// A socket, by inode.
    Socket(u32),
    /// An io_uring.
    IoUring,
    /// Anything else.
    Other,
}

impl Link {
    fn of(link: &[u8]) -> Self {
        match link {
            b"anon_inode:[io_uring]" => Self::IoUring,
            _ => socket(link).map_or(Self::Other, Self::Socket),
        }
    }
}

/// The inode in `socket:[12345]`.
pub(super) fn socket(link: &[u8]) -> Option<u32> {
    let digits = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The names in a directory that are numbers.
pub(super) fn numbers(directory: impl AsFd) -> io::Result<impl Iterator<Item = i32>> {
    let entries = Dir::read_from(directory)?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok()))
}

/// Visits the links of a directory of descriptors; one that is closed meanwhile is left out.
pub(super) fn links(directory: impl AsFd, mut visit: impl FnMut(i32, Link)) -> io::Result<()> {
    let directory = directory.as_fd();
    // Longer than any that matters: what is cut is something else.
    let mut buffer = [MaybeUninit::uninit(); 32];
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(number) = name.to_str().ok().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match readlinkat_raw(directory, name, &mut buffer) {
            Ok((link, _)) => visit(number, Link::of(link)),
            Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_apart() {
        assert_eq!(Link::of(b"socket:[4294967295]"), Link::Socket(u32::MAX));
        assert_eq!(Link::of(b"anon_inode:[io_uring]"), Link::IoUring);
        for other in
            [&b"socket:[]"[..], b"socket:[4294967296]", b"/tmp/socket:[7]", b"pipe:[7]", b""]
        {
            assert_eq!(Link::of(other), Link::Other);
        }
    }
}
