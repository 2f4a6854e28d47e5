//! Facts of a driver by ioctl: sysfs would show another network namespace's interfaces.

use std::os::fd::AsRawFd;

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

use super::Link;
use crate::host::netlink::text;

/// `SIOCETHTOOL` (linux/sockios.h).
const SIOCETHTOOL: libc::Ioctl = 0x8946;

// linux/ethtool.h.
const ETHTOOL_GDRVINFO: u32 = 0x03;
const ETHTOOL_GLINKSETTINGS: u32 = 0x4c;
const SPEED_UNKNOWN: u32 = u32::MAX;

/// `struct ethtool_drvinfo` (linux/ethtool.h).
#[repr(C)]
struct DriverInfo {
    command: u32,
    driver: [u8; 32],
    rest: [u8; 160],
}

/// `struct ethtool_link_settings` (linux/ethtool.h).
#[repr(C)]
struct LinkSettings {
    command: u32,
    /// In Mbit/s.
    speed: u32,
    between: [u8; 7],
    /// The size of each mask in words; negative in the kernel's answer to a wrong size.
    mask_words: i8,
    rest: [u8; 32],
    /// Three masks of as many words as can be asked for.
    masks: [u32; 3 * i8::MAX as usize],
}

const _: () = {
    assert!(size_of::<DriverInfo>() == 196);
    assert!(std::mem::offset_of!(LinkSettings, mask_words) == 15);
    assert!(std::mem::offset_of!(LinkSettings, masks) == 48);
};

/// A command that the kernel completes: it starts with the number of the command.
///
/// # Safety
///
/// The type is at least as large as what the kernel writes for the command it starts with, and
/// holds for any bytes.
pub(super) unsafe trait Command {}

// SAFETY: `ETHTOOL_GDRVINFO` writes one `struct ethtool_drvinfo`.
unsafe impl Command for DriverInfo {}

// SAFETY: `ETHTOOL_GLINKSETTINGS` writes the head, and three masks of `mask_words` words, of
// which there are at most 127.
unsafe impl Command for LinkSettings {}

/// The name of an interface's driver, where it has one.
pub fn driver(link: &Link) -> Option<String> {
    let mut info = DriverInfo { command: ETHTOOL_GDRVINFO, driver: [0; 32], rest: [0; 160] };
    run(link, &mut info)?;
    Some(text(&info.driver)).filter(|name| !name.is_empty())
}

/// The speed of an interface in bit/s, where its driver knows one.
pub fn speed(link: &Link) -> Option<u64> {
    let mut settings = LinkSettings {
        command: ETHTOOL_GLINKSETTINGS,
        speed: SPEED_UNKNOWN,
        between: [0; 7],
        mask_words: 0,
        rest: [0; 32],
        masks: [0; 381],
    };
    // The first answer tells the size of the masks, the second the speed.
    run(link, &mut settings)?;
    settings.mask_words = settings.mask_words.checked_neg().filter(|&words| words > 0)?;
    settings.speed = SPEED_UNKNOWN;
    run(link, &mut settings)?;
    match settings.speed {
        0 | SPEED_UNKNOWN => None,
        megabits => Some(u64::from(megabits) * 1_000_000),
    }
}

pub(super) fn run<C: Command>(link: &Link, command: &mut C) -> Option<()> {
    let socket = Socket::new(NETLINK_ROUTE).ok()?;
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_data: std::ptr::from_mut(command).cast() },
    };
    let name = link.name.as_bytes();
    if name.len() >= request.ifr_name.len() {
        return None;
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = from.cast_signed() as libc::c_char;
    }
    // SAFETY: the name is terminated, the data points to a command that `Command` vouches for, and
    // both outlive the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &mut request) };
    (result == 0).then_some(())
}
