//! Notifications of the kernel about addresses, and about traffic control.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// A subject of notifications.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// Addresses that appear or disappear.
    Addresses,
    /// Qdiscs, filters and actions that change.
    TrafficControl,
}

impl Subject {
    /// `RTNLGRP_IPV4_IFADDR` and `RTNLGRP_IPV6_IFADDR`, or `RTNLGRP_TC` (linux/rtnetlink.h).
    const fn groups(self) -> &'static [u32] {
        match self {
            Self::Addresses => &[5, 9],
            Self::TrafficControl => &[4],
        }
    }
}

/// Receives the notifications of the network namespace of the thread that has opened it.
#[derive(Debug)]
pub struct News {
    socket: Socket,
}

impl News {
    /// Starts listening.
    ///
    /// # Errors
    ///
    /// Where no netlink socket can be had.
    pub fn open(subject: Subject) -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        for group in subject.groups() {
            socket.add_membership(*group)?;
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
