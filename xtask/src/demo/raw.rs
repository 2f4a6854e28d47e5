//! Frames that no socket of the kernel sends: its VLAN devices may not be built.

use std::{
    ffi::CString,
    fs::File,
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    thread,
};

use anyhow::{Context as _, Result, anyhow};

use super::lab::{Lab, OUTSIDE};

/// To everybody, from a locally administered address.
const ADDRESSES: [u8; 12] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1];

/// A SYN from the stranger to tcp/12 of the host, without checksums: port12 reads none, and no
/// VLAN device takes it any further.
const SYN: [u8; 40] = [
    0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 12, 0, 1, 10, 12, 0, 2, // IPv4
    0x9c, 0x40, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 4, 0, 0, 0, 0, 0, // TCP
];

/// A SYN in an 802.1Q tag with VID 0, and one in an 802.1Q tag in an 802.1ad tag. The host has no VLAN devices.
pub fn tagged_syns(lab: &Lab) -> Result<()> {
    let priority = [&ADDRESSES[..], &[0x81, 0, 0, 0, 0x08, 0], &SYN].concat();
    let foreign = [&ADDRESSES[..], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 12, 0x08, 0], &SYN].concat();
    let namespace = lab.stranger.open()?;
    // The namespace is a thread's: this one enters it and ends.
    let sent = thread::spawn(move || send(&namespace, &[priority, foreign]));
    let sent = sent.join().map_err(|_| anyhow!("the thread that sends frames panicked"))?;
    sent.with_context(|| format!("send frames to {OUTSIDE}"))
}

fn send(namespace: &File, frames: &[Vec<u8>]) -> io::Result<()> {
    // SAFETY: the descriptor is open, and of a network namespace.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
    let name = CString::new(OUTSIDE)?;
    // SAFETY: the name ends in a zero.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: socket takes numbers. No protocol: nothing is received.
    let socket = check(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) })?;
    // SAFETY: nobody else has the descriptor.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: a sockaddr_ll of zeros is valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index.cast_signed();
    for frame in frames {
        // SAFETY: the frame and the address are as long as is said.
        let sent = unsafe {
            libc::sendto(
                socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
