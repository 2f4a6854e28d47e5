//! Network interfaces: which there are, up, and what XDP program they have.

use std::{fs, io, mem, os::fd::OwnedFd, ptr};

use anyhow::{Context as _, Result, bail};

mod devices;
mod netlink;

pub use devices::{Device, set_master};
pub use netlink::{Attachment, attachment};

/// The names of the virtio-net devices on the wire, in order.
pub fn virtio() -> Result<Vec<String>> {
    let mut names = all_virtio()?;
    names.retain(|name| !merges_segments(name));
    Ok(names)
}

/// The name of the virtio-net device whose backend merges TCP segments, if the machine has one.
pub fn merging_virtio() -> Result<Option<String>> {
    Ok(all_virtio()?.into_iter().find(|name| merges_segments(name)))
}

/// Whether `VIRTIO_NET_F_GUEST_TSO4` (linux/virtio_net.h) is negotiated: a digit for each feature says so.
fn merges_segments(name: &str) -> bool {
    const GUEST_TSO4: usize = 7;
    let features = fs::read(format!("/sys/class/net/{name}/device/features"));
    features.is_ok_and(|features| features.get(GUEST_TSO4) == Some(&b'1'))
}

fn all_virtio() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/sys/class/net").context("cannot list /sys/class/net")? {
        let entry = entry?;
        let driver = fs::read_link(entry.path().join("device/driver"));
        if driver.is_ok_and(|path| path.ends_with("virtio_net")) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The index of an interface.
pub fn index(name: &str) -> Result<u32> {
    let path = format!("/sys/class/net/{name}/ifindex");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    text.trim().parse().with_context(|| format!("{path} holds {text:?}, not a number"))
}

/// Sets `IFF_UP`.
pub fn bring_up(name: &str) -> Result<()> {
    set_flag(name, libc::IFF_UP, true)
}

/// Sets or clears a flag of an interface.
pub fn set_flag(name: &str, flag: libc::c_int, is_on: bool) -> Result<()> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    let mut request = request(name)?;
    ioctl(&socket, libc::SIOCGIFFLAGS, &mut request)
        .with_context(|| format!("cannot read the flags of {name}"))?;
    // SAFETY: SIOCGIFFLAGS filled the flags.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    let flag = flag as libc::c_short;
    request.ifr_ifru.ifru_flags = if is_on { flags | flag } else { flags & !flag };
    ioctl(&socket, libc::SIOCSIFFLAGS, &mut request)
        .with_context(|| format!("cannot set the flags of {name}"))
}

/// Sends a frame out of an interface, as it is.
pub fn send(name: &str, frame: &[u8]) -> Result<()> {
    send_by(index(name)?, frame).with_context(|| format!("on {name}"))
}

/// Sends a frame out of the interface of an index.
pub fn send_by(index: u32, frame: &[u8]) -> Result<()> {
    let socket = socket(libc::AF_PACKET, libc::SOCK_RAW, 0)?;
    // SAFETY: an all-zero address is a valid value of the plain struct.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index as i32;
    // SAFETY: the frame and the address outlive the call, and their lengths are theirs.
    let sent = unsafe {
        libc::sendto(
            raw(&socket),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as u32,
        )
    };
    if sent < 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("cannot send {} bytes", frame.len()));
    }
    Ok(())
}

/// Turns off the offloads of `ETHTOOL_SFLAGS`, VLAN tags among them: the tags of frames that go out are in the frames.
pub fn turn_off_tag_offload(name: &str) -> Result<()> {
    const SIOCETHTOOL: libc::Ioctl = 0x8946;
    const ETHTOOL_SFLAGS: u32 = 0x26;
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    let mut value = [ETHTOOL_SFLAGS, 0];
    let mut request = request(name)?;
    request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
    ioctl(&socket, SIOCETHTOOL, &mut request)
        .with_context(|| format!("cannot turn off the offloads of {name}"))
}

fn socket(family: i32, kind: i32, protocol: i32) -> Result<OwnedFd> {
    use std::os::fd::FromRawFd as _;
    // SAFETY: takes no pointers.
    let socket = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) };
    if socket < 0 {
        let error = io::Error::last_os_error();
        bail!("cannot open a socket of family {family}: {error}");
    }
    // SAFETY: the descriptor was just opened and belongs to nothing else.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

fn raw(socket: &OwnedFd) -> i32 {
    use std::os::fd::AsRawFd as _;
    socket.as_raw_fd()
}

fn request(name: &str) -> Result<libc::ifreq> {
    // SAFETY: an all-zero request is a valid value of the plain struct.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        bail!("{name:?} is too long for an interface");
    }
    // SAFETY: the name is shorter than the array, which stays NUL-terminated.
    unsafe {
        ptr::copy_nonoverlapping(
            name.as_ptr(),
            request.ifr_name.as_mut_ptr().cast::<u8>(),
            name.len(),
        );
    }
    Ok(request)
}

fn ioctl(socket: &OwnedFd, number: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: the request is the struct that these numbers take, and outlives the call.
    match unsafe { libc::ioctl(raw(socket), number, ptr::from_mut(request)) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
