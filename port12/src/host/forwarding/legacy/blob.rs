//! The rules of one table, as `getsockopt` returns them.

use std::{io, os::fd::AsRawFd as _};

use socket2::{Domain, Socket, Type};

use super::Family;

// linux/netfilter_ipv4/ip_tables.h; those of IPv6 have the same numbers.
const GET_INFO: libc::c_int = 64;
const GET_ENTRIES: libc::c_int = 65;

/// `XT_TABLE_MAXNAMELEN` (linux/netfilter/x_tables.h).
const NAME: usize = 32;

/// `sizeof(struct ipt_getinfo)`; the size of the entries is the last of its words.
const INFO: usize = 84;

/// Where the entries begin in `struct ipt_get_entries`, aligned for their counters.
const ENTRIES: usize = 40;

/// `struct xt_entry_target`: a size of 16 bits, a name of 29 bytes, a revision.
const TARGET: usize = 32;

/// How often a table that changes under the reader is read.
const ATTEMPTS: usize = 10;

/// The names of the targets of all rules of a table; none if it has vanished.
pub(super) fn targets(family: Family, table: &str) -> io::Result<Vec<String>> {
    let domain = match family {
        Family::Ip => Domain::IPV4,
        Family::Ip6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM, None)?;
    let mut attempts = 1;
    loop {
        match entries(&socket, family, table) {
            // The kernel refuses a size that is not the table's.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
            Ok(entries) => return names(family, &entries).ok_or_else(garbled),
        }
    }
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an entry of a table has no end")
}

fn entries(socket: &Socket, family: Family, table: &str) -> io::Result<Vec<u8>> {
    let mut info = vec![0; INFO];
    let name = table.as_bytes();
    let place = info.get_mut(..name.len()).filter(|it| it.len() < NAME).ok_or_else(garbled)?;
    place.copy_from_slice(name);
    ask(socket, family, GET_INFO, &mut info)?;
    let size = info.last_chunk().copied().map_or(0, u32::from_ne_bytes);
    let mut answer = vec![0; ENTRIES + size as usize];
    answer[..name.len()].copy_from_slice(name);
    answer[NAME..NAME + 4].copy_from_slice(&size.to_ne_bytes());
    ask(socket, family, GET_ENTRIES, &mut answer)?;
    Ok(answer.split_off(ENTRIES))
}

fn ask(socket: &Socket, family: Family, option: libc::c_int, buffer: &mut [u8]) -> io::Result<()> {
    let level = match family {
        Family::Ip => libc::SOL_IP,
        Family::Ip6 => libc::SOL_IPV6,
    };
    let mut length = buffer.len() as libc::socklen_t;
    let buffer = buffer.as_mut_ptr().cast();
    // SAFETY: the kernel writes no more than `length` bytes to the buffer, which has as many.
    let result =
        unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, buffer, &raw mut length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads the targets out of the entries; `None` if they are garbled.
fn names(family: Family, mut entries: &[u8]) -> Option<Vec<String>> {
    // `target_offset` and `next_offset` of `struct ipt_entry` and `struct ip6t_entry`.
    let offsets = match family {
        Family::Ip => 88,
        Family::Ip6 => 140,
    };
    let mut names = Vec::new();
    while !entries.is_empty() {
        let word = |at: usize| {
            let bytes = entries.get(at..at + 2)?;
            Some(usize::from(u16::from_ne_bytes(bytes.try_into().ok()?)))
        };
        let (target, next) = (word(offsets)?, word(offsets + 2)?);
        let name = entries.get(target..target + TARGET)?.get(2..31)?;
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        names.push(String::from_utf8_lossy(&name[..end]).into_owned());
        entries = entries.get(next..).filter(|_| next > offsets)?;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule without matches.
    fn entry(family: Family, target: &str) -> Vec<u8> {
        let (offsets, head) = match family {
            Family::Ip => (88, 112),
            Family::Ip6 => (140, 168),
        };
        let mut entry = vec![0; head + 40];
        let next = entry.len() as u16;
        entry[offsets..offsets + 2].copy_from_slice(&(head as u16).to_ne_bytes());
        entry[offsets + 2..offsets + 4].copy_from_slice(&next.to_ne_bytes());
        entry[head + 2..head + 2 + target.len()].copy_from_slice(target.as_bytes());
        entry
    }

    #[test]
    fn the_target_of_each_rule_is_read() {
        for family in [Family::Ip, Family::Ip6] {
            let rules = ["", "DNAT", "ERROR"].map(|target| entry(family, target)).concat();
            assert_eq!(names(family, &rules).unwrap(), ["", "DNAT", "ERROR"]);
        }
    }

    #[test]
    fn garbled_rules_end_in_an_error() {
        let whole = entry(Family::Ip, "DNAT");
        for end in 1..whole.len() {
            assert_eq!(names(Family::Ip, &whole[..end]), None, "{end}");
        }
        assert_eq!(names(Family::Ip, &[0; 152]), None);
    }
}
