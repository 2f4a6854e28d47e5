//! Packet sockets: frames as they are.

use std::{
    io::{Read, Write},
    mem::size_of,
    thread,
    time::{Duration, Instant},
};

use port12::host::interfaces::by_name;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

use super::{Namespace, wait::LONG};

/// A packet socket on an interface.
pub struct Raw(Socket);

impl Raw {
    /// Opens one for all protocols.
    pub fn open(namespace: &Namespace, interface: &str) -> Self {
        namespace.enter(|| {
            let all = (libc::ETH_P_ALL as u16).to_be();
            let socket =
                Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(i32::from(all))))
                    .unwrap();
            socket.bind(&address(by_name(interface).unwrap().index, all)).unwrap();
            Self(socket)
        })
    }

    /// Sends a frame, once there is room for it: a frame that finds the device's queue full is
    /// not sent, and says so.
    pub fn send(&self, frame: &[u8]) {
        let end = Instant::now() + LONG;
        loop {
            match (&self.0).write(frame) {
                Ok(sent) => return assert_eq!(sent, frame.len()),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => thread::yield_now(),
                Err(error) => panic!("send: {error}"),
            }
            assert!(Instant::now() < end, "the device took no frame for {LONG:?}");
        }
    }

    /// Waits for the first frame that `wanted` says yes to.
    pub fn receive(&self, what: &str, mut wanted: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
        let end = Instant::now() + LONG;
        loop {
            match self.next(Duration::from_millis(100)) {
                Some(frame) if wanted(&frame) => return frame,
                _ => assert!(Instant::now() < end, "waited {LONG:?} for {what}"),
            }
        }
    }

    /// The frames that are there already.
    pub fn received(&self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.next(Duration::from_millis(1))).collect()
    }

    fn next(&self, patience: Duration) -> Option<Vec<u8>> {
        self.0.set_read_timeout(Some(patience)).unwrap();
        let mut frame = vec![0; 65_536];
        let length = (&self.0).read(&mut frame).ok()?;
        frame.truncate(length);
        Some(frame)
    }
}

fn address(interface: u32, protocol_be: u16) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: a `sockaddr_ll` is plain numbers and fits the storage.
    let link = unsafe { storage.view_as::<libc::sockaddr_ll>() };
    link.sll_family = libc::AF_PACKET as u16;
    link.sll_protocol = protocol_be;
    link.sll_ifindex = interface as i32;
    // SAFETY: the storage holds a `sockaddr_ll`.
    unsafe { SockAddr::new(storage, size_of::<libc::sockaddr_ll>() as u32) }
}
