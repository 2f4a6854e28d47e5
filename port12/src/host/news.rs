//! Whether an address has come or gone, as the kernel tells those who listen.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// `RTNLGRP_IPV4_IFADDR` and `RTNLGRP_IPV6_IFADDR` (linux/rtnetlink.h).
const GROUPS: [u32; 2] = [5, 9];

/// Listens in the network namespace of the thread that has opened it.
pub struct AddressNews {
    socket: Socket,
}

impl AddressNews {
    /// Starts listening.
    ///
    /// # Errors
    ///
    /// Where no netlink socket can be had.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        socket.set_non_blocking(true)?;
        Ok(Self { socket })
    }

    /// Whether there were any since the last time; what was missed counts as some.
    pub fn have_come(&self) -> bool {
        let mut buffer = Vec::with_capacity(8192);
        let mut any = false;
        loop {
            buffer.clear();
            match self.socket.recv(&mut buffer, 0) {
                Ok(_) => any = true,
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => any = true,
                Err(_) => return any,
            }
        }
    }
}
