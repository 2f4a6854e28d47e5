//! A program that listens on one port, on all transports, addresses and groups.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    os::fd::AsRawFd as _,
    ptr,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{segment::Transport, site::Site, wire::enlarge};

/// More than one exchange begins.
const BACKLOG: i32 = 4096;

/// The sockets, of the network namespace in which they were opened.
pub struct Application {
    /// Its port.
    pub port: u16,
    listeners: Vec<TcpListener>,
    datagrams: Vec<(Transport, UdpSocket)>,
    /// Of SCTP. They answer, and nothing asks them.
    associations: Vec<Socket>,
}

impl Application {
    /// Opens them. A kernel without UDP-Lite or SCTP has no socket of that.
    pub fn open(site: &Site, port: u16) -> Self {
        site.near.enter(|| {
            let locals = [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()];
            let locals = locals.map(|address| SocketAddr::new(address, port));
            let mut application = Self {
                port,
                listeners: Vec::new(),
                datagrams: Vec::new(),
                associations: Vec::new(),
            };
            for local in locals {
                application.listeners.push(listener(local));
                application.associations.extend(associations(local));
                for transport in [Transport::Udp, Transport::UdpLite] {
                    if let Some(socket) = datagrams(local, transport) {
                        if transport == Transport::Udp {
                            join(&socket, local.ip(), site);
                        }
                        application.datagrams.push((transport, socket));
                    }
                }
            }
            application
        })
    }

    /// Who has reached it since the last call.
    pub fn reached(&self) -> Vec<(Transport, SocketAddr)> {
        let accepted = self.listeners.iter().flat_map(|listener| {
            std::iter::from_fn(|| {
                let (stream, peer) = next(|| listener.accept())?;
                // A reset leaves no state behind, for ports that are used again.
                let socket = Socket::from(stream);
                socket.set_linger(Some(Duration::ZERO)).expect("a connection that lingers not");
                Some((Transport::Tcp, peer))
            })
        });
        let received = self.datagrams.iter().flat_map(|(transport, socket)| {
            let mut buffer = vec![0; 65_536];
            std::iter::from_fn(move || {
                let (_, peer) = next(|| socket.recv_from(&mut buffer))?;
                Some((*transport, peer))
            })
        });
        accepted.chain(received).collect()
    }
}

/// The next one that there is. A connection that was reset before it was accepted is none.
fn next<T>(mut ask: impl FnMut() -> io::Result<T>) -> Option<T> {
    loop {
        match ask() {
            Ok(value) => return Some(value),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => panic!("the application: {error}"),
        }
    }
}

fn listener(local: SocketAddr) -> TcpListener {
    let socket = bound(local, Type::STREAM, 6).expect("TCP");
    socket.listen(BACKLOG).expect("a listener");
    socket.into()
}

fn associations(local: SocketAddr) -> Option<Socket> {
    let socket = bound(local, Type::STREAM, Transport::Sctp.protocol().into())?;
    socket.listen(BACKLOG).expect("a listener");
    Some(socket)
}

fn datagrams(local: SocketAddr, transport: Transport) -> Option<UdpSocket> {
    let socket = bound(local, Type::DGRAM, transport.protocol().into())?;
    enlarge(socket.as_raw_fd());
    Some(socket.into())
}

fn bound(local: SocketAddr, kind: Type, protocol: i32) -> Option<Socket> {
    let socket = match Socket::new(Domain::for_address(local), kind, Some(Protocol::from(protocol)))
    {
        Ok(socket) => socket,
        Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => return None,
        Err(error) => panic!("a socket of protocol {protocol}: {error}"),
    };
    if local.is_ipv6() {
        socket.set_only_v6(true).expect("a socket of IPv6 alone");
    }
    socket.set_nonblocking(true).expect("a socket that does not block");
    socket.set_reuse_address(true).expect("SO_REUSEADDR");
    socket.bind(&local.into()).unwrap_or_else(|error| panic!("{local}: {error}"));
    Some(socket)
}

fn join(socket: &UdpSocket, local: IpAddr, site: &Site) {
    let near = &site.near;
    if local.is_ipv4() {
        return socket.join_multicast_v4(&Site::GROUP_V4, &near.v4).expect("a group");
    }
    let name = std::ffi::CString::new(near.interface.as_str()).expect("a name without NUL");
    // SAFETY: the name ends in NUL and outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    for group in ["ff05::12", "ff0e::12"]
        .map(|text| text.parse().expect("an address"))
        .iter()
        .chain([&Site::GROUP_V6])
    {
        socket.join_multicast_v6(group, index).expect("a group");
    }
    let request = libc::ipv6_mreq {
        ipv6mr_multiaddr: libc::in6_addr { s6_addr: Site::ANYCAST.octets() },
        ipv6mr_interface: index,
    };
    /// `IPV6_JOIN_ANYCAST` of linux/in6.h.
    const JOIN_ANYCAST: i32 = 27;
    // SAFETY: the request outlives the call, and the length is its own.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IPV6,
            JOIN_ANYCAST,
            ptr::from_ref(&request).cast(),
            size_of::<libc::ipv6_mreq>() as u32,
        )
    };
    assert_eq!(result, 0, "IPV6_JOIN_ANYCAST: {}", io::Error::last_os_error());
}
