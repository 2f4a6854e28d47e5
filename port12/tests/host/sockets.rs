use std::{
    ffi::CString,
    io,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd,
    thread,
    time::{Duration, Instant},
};

use port12::host::sockets::{OpenSockets, scan};
use port12_common::Transport;

use crate::namespace::{alone, sh};

fn is_open(transport: Transport, port: u16) -> bool {
    scan().bitmap().contains(transport, port)
}

/// Waits until a port has no socket: a command that another test starts holds a copy of every
/// descriptor until it runs.
fn await_closed(transport: Transport, port: u16) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_open(transport, port) {
        assert!(Instant::now() < deadline, "{transport:?} {port} is still open");
        thread::yield_now();
    }
}

fn bind_to_device(socket: &impl AsRawFd, device: &str) {
    let name = CString::new(device).unwrap();
    let (pointer, length) = (name.as_ptr().cast(), name.as_bytes().len() as libc::socklen_t);
    // SAFETY: the name is valid for its length during the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            pointer,
            length,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

#[test]
fn a_listener_is_seen_while_it_is_open() {
    alone(|| {
        for address in ["127.0.0.1:12", "[::1]:12", "0.0.0.0:12", "[::]:12"] {
            await_closed(Transport::Tcp, 12);
            let listener = TcpListener::bind(address).unwrap();
            let open = scan();
            let socket = open.sockets.iter().find(|socket| socket.port == 12).unwrap();
            assert_eq!(socket.transport, Transport::Tcp);
            assert_eq!(socket.address, listener.local_addr().unwrap().ip());
            assert_eq!((socket.peer, socket.interface), (None, None));
            assert_ne!(socket.inode, 0);
        }
        await_closed(Transport::Tcp, 12);
    });
}

#[test]
fn udp_sockets_are_seen_on_both_families_and_connected_ones_have_a_peer() {
    alone(|| {
        for address in ["0.0.0.0:700", "[::1]:700"] {
            await_closed(Transport::Udp, 700);
            let socket = UdpSocket::bind(address).unwrap();
            assert!(is_open(Transport::Udp, 700));
            assert!(!is_open(Transport::Tcp, 700));
            let peer = socket.local_addr().unwrap();
            let peer = if peer.is_ipv4() { "127.0.0.1:2049" } else { "[::1]:2049" };
            socket.connect(peer).unwrap();
            let open = scan();
            let (address, port) = open.sockets[0].peer.unwrap();
            assert_eq!(peer, SocketAddr::from((address, port)).to_string());
        }
        await_closed(Transport::Udp, 700);
    });
}

#[test]
fn a_socket_bound_to_a_device_is_seen_with_it() {
    alone(|| {
        let socket = UdpSocket::bind("0.0.0.0:701").unwrap();
        bind_to_device(&socket, "lo");
        let open = scan();
        assert_eq!((open.sockets[0].port, open.sockets[0].interface), (701, Some(1)));
    });
}

#[test]
fn established_connections_and_high_ports_are_not_listed() {
    alone(|| {
        let listener = TcpListener::bind("127.0.0.1:13").unwrap();
        let _high = TcpListener::bind("127.0.0.1:1024").unwrap();
        let _client = TcpStream::connect("127.0.0.1:13").unwrap();
        let (served, _) = listener.accept().unwrap();
        assert_eq!(scan().sockets.len(), 1);
        drop(listener);
        assert_eq!(served.local_addr().unwrap().port(), 13);
        await_closed(Transport::Tcp, 13);
    });
}

#[test]
fn every_port_can_have_a_socket_and_the_edges_are_seen() {
    alone(|| {
        let sockets: Vec<_> =
            (1..=1024).map(|port| UdpSocket::bind(("0.0.0.0", port)).unwrap()).collect();
        let bitmap = scan().bitmap();
        assert!((1..=1023).all(|port| bitmap.contains(Transport::Udp, port)));
        assert!(!bitmap.contains(Transport::Udp, 0));
        assert_eq!(sockets.len(), 1024);
        assert!(sh("ss -Hnul").lines().count() >= 1024);
    });
}

#[test]
fn a_thousand_high_sockets_do_not_hide_a_low_one() {
    alone(|| {
        let high: Vec<_> = (0..1_000).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let _low = UdpSocket::bind("127.0.0.1:702").unwrap();
        assert_eq!(scan().sockets.len(), 1);
        assert_eq!(high.len(), 1_000);
    });
}

#[test]
fn a_udp_lite_socket_is_not_a_udp_socket() {
    alone(|| {
        // SAFETY: socket has no preconditions.
        let raw = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_UDPLITE) };
        if raw < 0 {
            let OpenSockets { absent, .. } = scan();
            assert!(absent.contains(&Transport::UdpLite));
            return eprintln!("not run: this kernel has no UDP-Lite");
        }
        // SAFETY: the descriptor is open and nobody else's.
        let socket: UdpSocket = unsafe { std::os::fd::FromRawFd::from_raw_fd(raw) };
        // SAFETY: all zeros is a valid sockaddr_in.
        let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        address.sin_family = libc::AF_INET as u16;
        address.sin_port = 703_u16.to_be();
        let length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        // SAFETY: the address is valid for its length during the call.
        let result =
            unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), length) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        assert!(is_open(Transport::UdpLite, 703));
        assert!(!is_open(Transport::Udp, 703));
    });
}

#[test]
fn a_transport_is_either_listed_or_reported() {
    alone(|| {
        let open = scan();
        let protocols = std::fs::read_to_string("/proc/thread-self/net/protocols").unwrap();
        for (transport, name) in [(Transport::Sctp, "SCTP"), (Transport::Dccp, "DCCP")] {
            let loaded = protocols.lines().any(|line| line.split(' ').next() == Some(name));
            assert_eq!(open.absent.contains(&transport), !loaded, "{name}");
        }
        assert!(!open.absent.contains(&Transport::Tcp));
        assert!(open.unseen.is_empty());
    });
}
