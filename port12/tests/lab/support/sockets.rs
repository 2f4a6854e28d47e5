//! Sockets, and whether a program has opened its own.

use std::{
    fs,
    net::{IpAddr, SocketAddr, UdpSocket},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Namespace, until};

/// A UDP socket that takes a port although another has it.
pub fn reusing_udp(local: SocketAddr, device: Option<&str>) -> UdpSocket {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind_device(device.map(str::as_bytes)).unwrap();
    socket.bind(&local.into()).unwrap_or_else(|error| panic!("{local}: {error}"));
    socket.into()
}

/// A TCP listener, bound to a device or to none.
pub fn tcp_listener(address: IpAddr, port: u16, device: Option<&str>) -> std::net::TcpListener {
    let local = SocketAddr::new(address, port);
    let socket =
        Socket::new(Domain::for_address(local), Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind_device(device.map(str::as_bytes)).unwrap();
    socket.bind(&local.into()).unwrap_or_else(|error| panic!("{local}: {error}"));
    socket.listen(16).unwrap();
    socket.into()
}

/// A TCP socket bound to a port that an earlier connection may still hold.
pub fn reusing_tcp(local: SocketAddr) -> Socket {
    let socket =
        Socket::new(Domain::for_address(local), Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    // No port is to stay in TIME_WAIT.
    socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    socket.bind(&local.into()).unwrap_or_else(|error| panic!("{local}: {error}"));
    socket
}

/// Waits until a program has a socket on a port: `tcp` (listening) or `udp`.
pub fn wait_for_socket(namespace: &Namespace, transport: &str, port: u16) {
    let local = format!(":{port:04X}");
    until(&format!("a {transport} socket on port {port}"), || {
        let sockets = namespace.enter(|| {
            let list =
                |version| fs::read_to_string(format!("/proc/thread-self/net/{transport}{version}"));
            [list("").unwrap(), list("6").unwrap()].concat()
        });
        sockets
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            // 0A is LISTEN.
            .any(|words| {
                words.get(1).is_some_and(|address| address.ends_with(&local))
                    && (transport == "udp" || words.get(3) == Some(&"0A"))
            })
            .then_some(())
    });
}
