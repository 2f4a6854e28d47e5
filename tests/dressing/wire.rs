//! Packet sockets: frames as they are.

use std::{
    ffi::CString,
    io,
    mem::size_of,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr, thread,
};

/// A frame that an observer has seen.
pub struct Seen {
    pub bytes: Vec<u8>,
    /// Whether the host sent it.
    pub is_outgoing: bool,
}

/// A packet socket of the calling thread's network namespace.
pub struct Wire(OwnedFd);

impl Wire {
    /// Sends on an interface, and receives nothing.
    pub fn sender(interface: &str) -> Self {
        let name = CString::new(interface).expect("a name without NUL");
        // SAFETY: the name ends in NUL and outlives the call.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        assert_ne!(index, 0, "{interface}: {}", io::Error::last_os_error());
        Self::open(0, index as i32)
    }

    /// Sees what comes in and leaves by all interfaces, behind the XDP programs on them.
    pub fn observer() -> Self {
        let wire = Self::open(libc::ETH_P_ALL as u16, 0);
        enlarge(wire.0.as_raw_fd());
        wire
    }

    fn open(protocol: u16, interface: i32) -> Self {
        // SAFETY: takes no pointers.
        let socket =
            unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        assert!(socket >= 0, "a packet socket: {}", io::Error::last_os_error());
        // SAFETY: the descriptor was just opened and belongs to nothing else.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let mut address = address();
        address.sll_protocol = protocol.to_be();
        address.sll_ifindex = interface;
        let length = size_of::<libc::sockaddr_ll>() as u32;
        // SAFETY: the address outlives the call, and the length is its own.
        let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
        assert_eq!(bound, 0, "bind a packet socket: {}", io::Error::last_os_error());
        Self(socket)
    }

    /// Sends a frame, once the device has room for it.
    pub fn send(&self, frame: &[u8]) {
        loop {
            // SAFETY: the frame outlives the call, and the length is its own.
            let sent =
                unsafe { libc::send(self.0.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
            if sent == frame.len() as isize {
                return;
            }
            let error = io::Error::last_os_error();
            assert_eq!(
                error.raw_os_error(),
                Some(libc::ENOBUFS),
                "send {} bytes: {error}",
                frame.len()
            );
            thread::yield_now();
        }
    }

    /// The frames that were seen since the last call.
    pub fn seen(&self) -> Vec<Seen> {
        let mut buffer = vec![0; 65_536];
        std::iter::from_fn(|| self.next(&mut buffer)).collect()
    }

    fn next(&self, buffer: &mut [u8]) -> Option<Seen> {
        let mut address = address();
        let mut length = size_of::<libc::sockaddr_ll>() as u32;
        // SAFETY: both buffers outlive the call, and their lengths are theirs.
        let received = unsafe {
            libc::recvfrom(
                self.0.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                libc::MSG_DONTWAIT,
                (&raw mut address).cast(),
                &raw mut length,
            )
        };
        let Ok(received) = usize::try_from(received) else {
            let error = io::Error::last_os_error();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "receive a frame: {error}");
            return None;
        };
        let is_outgoing = address.sll_pkttype == libc::PACKET_OUTGOING;
        Some(Seen { bytes: buffer[..received].to_vec(), is_outgoing })
    }
}

fn address() -> libc::sockaddr_ll {
    // SAFETY: an all-zero address is a valid value of the plain struct.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address
}

/// Gives a socket room for everything that one exchange brings.
pub fn enlarge(socket: i32) {
    let bytes: libc::c_int = 32 << 20;
    // SAFETY: the value outlives the call, and the length is its own.
    let result = unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            ptr::from_ref(&bytes).cast(),
            size_of::<libc::c_int>() as u32,
        )
    };
    assert_eq!(result, 0, "SO_RCVBUFFORCE: {}", io::Error::last_os_error());
}
