//! UDP sockets that are younger than anything user space can publish.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Scope},
    time::Duration,
};

use crate::support::{
    Pair, Port12, Raw,
    addresses::{BOTH, FAR, NEAR},
    flood::Flood,
    lab,
    sockets::reusing_udp,
};

const BINDS: u16 = 1000;

/// A server of the far host: it sends each datagram back at once, until `stop`.
fn echo<'scope>(
    scope: &'scope Scope<'scope, '_>,
    socket: &'scope UdpSocket,
    stop: &'scope AtomicBool,
) {
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    scope.spawn(|| {
        let mut datagram = [0; 64];
        while !stop.load(Ordering::Relaxed) {
            match socket.recv_from(&mut datagram) {
                Ok((length, client)) => _ = socket.send_to(&datagram[..length], client).unwrap(),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    });
}

/// Asks once from each of a thousand sockets, and returns how many never heard an answer; a few are
/// enough. Every other socket is connected.
fn ask_from_fresh_binds(pair: &Pair, near: IpAddr, server: SocketAddr) -> usize {
    let ask = |count: u16| {
        let local = SocketAddr::new(near, 512 + count % 512);
        let socket = pair.near.enter(|| reusing_udp(local, None));
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        if count.is_multiple_of(2) {
            socket.connect(server).unwrap();
            socket.send(&count.to_be_bytes()).unwrap();
        } else {
            socket.send_to(&count.to_be_bytes(), server).unwrap();
        }
        let mut answer = [0; 64];
        matches!(socket.recv(&mut answer), Ok(2)) && answer[..2] == count.to_be_bytes()
    };
    (0..BINDS).filter(|&count| !ask(count)).take(5).count()
}

#[test]
fn a_thousand_fresh_udp_binds_lose_no_first_reply_in_drop_mode() {
    lab(|| {
        for (near, far) in BOTH {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            let server = pair.far.enter(|| UdpSocket::bind((far, 9000)).unwrap());
            let address = server.local_addr().unwrap();
            let stop = AtomicBool::new(false);
            let lost = thread::scope(|scope| {
                echo(scope, &server, &stop);
                let lost = ask_from_fresh_binds(&pair, near, address);
                stop.store(true, Ordering::Relaxed);
                lost
            });
            let totals = port12.stop();
            assert_eq!(lost, 0, "{}", totals.0);
            assert_eq!(totals.outcome("dropped"), 0, "{}", totals.0);
            // Half of the sockets are connected, and over half of the ports unassigned.
            assert!(totals.outcome("reply") > 200, "{}", totals.0);
            assert!(totals.outcome("local_socket") > 200, "{}", totals.0);
        }
    });
}

#[test]
fn fresh_udp_binds_lose_no_first_reply_during_a_flood_from_a_million_sources() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        let server = pair.far.enter(|| UdpSocket::bind((FAR, 9000)).unwrap());
        let address = server.local_addr().unwrap();
        let stop = AtomicBool::new(false);
        let cable: Raw = pair.far_raw();
        let (lost, sent) = thread::scope(|scope| {
            echo(scope, &server, &stop);
            let flood = scope
                .spawn(|| Flood::new((NEAR.into(), FAR.into())).pour(&cable, 1_000_000, &stop));
            let lost = ask_from_fresh_binds(&pair, NEAR.into(), address);
            let sent = flood.join().unwrap();
            stop.store(true, Ordering::Relaxed);
            (lost, sent)
        });
        let totals = port12.stop();
        assert_eq!(sent, 1_000_000);
        assert_eq!(lost, 0, "{}", totals.0);
        assert!(totals.outcome("dropped") > 900_000, "{}", totals.0);
    });
}
