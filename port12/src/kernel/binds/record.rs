//! A socket that the programs tell of.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use port12_common::{Transport, abi::BindRecord};
use zerocopy::FromBytes as _;

/// A UDP or UDP-Lite socket that was bound, or a TCP socket that began to listen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bind {
    /// Its transport.
    pub transport: Transport,
    /// Its port.
    pub port: u16,
    /// Its address; unspecified where it takes any.
    pub address: IpAddr,
    /// Socket cookie, as in sock_diag.
    pub cookie: [u8; 8],
    /// When it was bound, since the machine booted.
    pub since_boot: Duration,
    /// The process that bound it, by its number in the first PID namespace.
    pub process: i32,
    /// Name of the thread that bound it.
    pub name: String,
    /// The real user id of who bound it.
    pub uid: u32,
    /// The cgroup of who bound it: the inode of its directory.
    pub cgroup: u64,
}

impl Bind {
    /// That of a record; `None` where it is of another version.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let record = BindRecord::read_from_bytes(bytes).ok()?;
        let [a, b, c, d] = record.address_be.map(|word| u128::from(u32::from_be(word)));
        let name = record.name.split(|&byte| byte == 0).next().unwrap_or_default();
        Some(Self {
            transport: Transport::ALL.get(usize::from(record.transport)).copied()?,
            port: record.port,
            address: Ipv6Addr::from(a << 96 | b << 64 | c << 32 | d).to_canonical(),
            cookie: record.cookie.to_ne_bytes(),
            since_boot: Duration::from_nanos(record.boot_ns),
            process: i32::try_from(record.process).ok()?,
            name: String::from_utf8_lossy(name).into_owned(),
            uid: record.uid,
            cgroup: record.cgroup,
        })
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes as _;

    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut name = [0; 16];
        name[..2].copy_from_slice(b"nc");
        let mut record = BindRecord {
            boot_ns: 7,
            cookie: 0x0102_0304_0506_0708,
            cgroup: 9,
            address_be: [0, 0, 0xffff_u32.to_be(), 0x7f00_0001_u32.to_be()],
            process: 4711,
            thread: 4712,
            uid: 1000,
            port: 12,
            transport: Transport::Udp as u8,
            reserved: 0,
            name,
        };
        let bind = Bind::read(record.as_bytes()).unwrap();
        assert_eq!((bind.transport, bind.port), (Transport::Udp, 12));
        assert_eq!(bind.address, IpAddr::from([127, 0, 0, 1]));
        assert_eq!((bind.process, &*bind.name, bind.uid), (4711, "nc", 1000));
        assert_eq!((bind.since_boot, bind.cgroup), (Duration::from_nanos(7), 9));
        assert_eq!(u64::from_ne_bytes(bind.cookie), record.cookie);
        record.address_be = [0x2001_0db8_u32.to_be(), 0, 0, 1_u32.to_be()];
        assert_eq!(Bind::read(record.as_bytes()).unwrap().address.to_string(), "2001:db8::1");
    }

    #[test]
    fn what_is_no_record_is_none() {
        assert_eq!(Bind::read(&[0; 71]), None);
        let record = BindRecord { transport: 5, ..BindRecord::default() };
        assert_eq!(Bind::read(record.as_bytes()), None);
    }
}
