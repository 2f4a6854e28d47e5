//! Connections of a banned source: those that are established go on, and no other comes about.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    time::Duration,
};

use super::{ALL, SERVICE, connects, pings};
use crate::support::{
    Namespace, Pair,
    addresses::{FAR, FAR_V6, NEAR, NEAR_V6},
    banning::Banning,
    lab,
    sockets::tcp_listener,
    wait::LONG,
};

/// A host whose program looks for bans of scope `all`.
fn host() -> Banning {
    let host = Banning::new(ALL);
    host.bpffs.ok(&host.pair.near, &format!("attach --config {}", host.file().display()));
    host
}

fn ban(host: &Banning) {
    host.bpffs.ok(&host.pair.near, "ban 10.12.0.2 fd12::2 --scope all --force");
}

/// A TCP connection: its ends at the opener and at the listener.
fn connection(opener: &Namespace, listener: &Namespace, to: SocketAddr) -> (TcpStream, TcpStream) {
    let listening = listener.enter(|| tcp_listener(to.ip(), to.port(), None));
    let opened = opener.enter(|| TcpStream::connect_timeout(&to, LONG).unwrap());
    let (accepted, _) = listening.accept().unwrap();
    for end in [&opened, &accepted] {
        end.set_read_timeout(Some(LONG)).unwrap();
    }
    (opened, accepted)
}

/// More than one segment, and more than one window.
const MUCH: usize = 1 << 20;

/// Sends much from one end to the other.
fn send_much(from: &mut TcpStream, to: &mut TcpStream) {
    std::thread::scope(|scope| {
        scope.spawn(|| from.write_all(&vec![7; MUCH]).unwrap());
        let mut much = vec![0; MUCH];
        to.read_exact(&mut much).unwrap();
        assert!(much.iter().all(|byte| *byte == 7));
    });
}

fn ends_of(pair: &Pair) -> [(&Namespace, &Namespace, SocketAddr); 4] {
    let (near, far) = (&pair.near, &pair.far);
    [
        (far, near, SocketAddr::new(NEAR.into(), SERVICE)),
        (far, near, SocketAddr::new(NEAR_V6.into(), SERVICE)),
        (near, far, SocketAddr::new(FAR.into(), SERVICE)),
        (near, far, SocketAddr::new(FAR_V6.into(), SERVICE)),
    ]
}

#[test]
fn established_tcp_connections_go_on_and_end_as_they_should() {
    lab(|| {
        let host = host();
        let mut connections: Vec<_> = ends_of(&host.pair)
            .into_iter()
            .map(|(opener, listener, to)| connection(opener, listener, to))
            .collect();
        ban(&host);
        for (opened, accepted) in &mut connections {
            send_much(opened, accepted);
            send_much(accepted, opened);
        }
        // One end closes its half; the other goes on: FIN_WAIT2 on one host, CLOSE_WAIT on the other.
        for (index, (opened, accepted)) in connections.iter_mut().enumerate() {
            let (first, second) = match index % 2 {
                0 => (opened, accepted),
                _ => (accepted, opened),
            };
            first.shutdown(Shutdown::Write).unwrap();
            assert_eq!(second.read(&mut [0]).unwrap(), 0);
            send_much(second, first);
            second.shutdown(Shutdown::Write).unwrap();
            assert_eq!(first.read(&mut [0]).unwrap(), 0);
        }
    });
}

#[test]
fn connected_udp_sockets_go_on_with_fragments_too_and_others_receive_nothing() {
    lab(|| {
        let host = host();
        let (near, far) = (&host.pair.near, &host.pair.far);
        ban(&host);
        for (here, there) in [
            (SocketAddr::from((NEAR, 40_001)), SocketAddr::from((FAR, 40_002))),
            (SocketAddr::from((NEAR_V6, 40_001)), SocketAddr::from((FAR_V6, 40_002))),
        ] {
            let bind = |namespace: &Namespace, at: SocketAddr| {
                let socket = namespace.enter(|| UdpSocket::bind(at).unwrap());
                socket.set_read_timeout(Some(LONG)).unwrap();
                socket
            };
            let (ours, theirs) = (bind(near, here), bind(far, there));
            theirs.connect(here).unwrap();
            // Not connected yet.
            theirs.send(b"lost").unwrap();
            ours.connect(there).unwrap();
            for size in [4, 9000] {
                let sent = vec![size as u8; size];
                theirs.send(&sent).unwrap();
                let mut received = vec![0; 10_000];
                let length = ours.recv(&mut received).unwrap();
                assert_eq!(received[..length], sent[..], "{size} from {there}");
                ours.send(&sent).unwrap();
                assert_eq!(theirs.recv(&mut received).unwrap(), size);
            }
            let other = bind(near, SocketAddr::new(here.ip(), 40_003));
            theirs.send_to(b"lost", other.local_addr().unwrap()).unwrap();
            // Frames keep their order.
            theirs.send(b"last").unwrap();
            assert_eq!(ours.recv(&mut [0; 8]).unwrap(), 4);
            other.set_nonblocking(true).unwrap();
            let error = other.recv(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    });
}

#[test]
fn no_connection_comes_about_in_either_direction() {
    lab(|| {
        let host = host();
        let (near, far) = (&host.pair.near, &host.pair.far);
        // A connection before the ban makes no difference to others.
        let (_opened, _accepted) = connection(far, near, (NEAR, 8081).into());
        let _listening = near.enter(|| tcp_listener(NEAR.into(), SERVICE, None));
        let there: TcpListener = far.enter(|| tcp_listener(FAR.into(), SERVICE, None));
        assert!(connects(far, "10.12.0.2"));
        ban(&host);
        assert!(!connects(far, "10.12.0.2"));
        assert!(!pings(far, "10.12.0.2", "10.12.0.1"));
        // The answer to this host's own SYN finds a socket that is not established.
        let to = SocketAddr::from((FAR, SERVICE));
        let error = near
            .enter(|| TcpStream::connect_timeout(&to, Duration::from_millis(1500)))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop(there);
        let ports = format!("{SERVICE},8081,22,12");
        for kind in ["-sS", "-sA", "-sF", "-sN", "-sX"] {
            let line = format!(
                "nmap -Pn -n {kind} -p{ports} --max-retries 0 --host-timeout 20s -oG - 10.12.0.1"
            );
            let said = far.sh(&line);
            let answered = ["/open/", "/closed/", "/unfiltered/"];
            assert!(!answered.iter().any(|state| said.contains(state)), "{kind}: {said}");
        }
    });
}

#[test]
fn the_peer_of_a_connection_is_banned_by_force_alone_and_keeps_it() {
    lab(|| {
        let host = host();
        let (near, far) = (&host.pair.near, &host.pair.far);
        let (mut there, mut here) = connection(far, near, (NEAR, SERVICE).into());
        let said = host.bpffs.fails(near, "ban 10.12.0.2 --scope all", 3);
        assert!(said.contains("the peer of an established connection"), "{said}");
        assert!(said.contains("--force"), "{said}");
        host.bpffs.ok(near, "ban 10.12.0.2 --scope all --force");
        there.write_all(b"x").unwrap();
        here.read_exact(&mut [0]).unwrap();
        assert!(!connects(far, "10.12.0.2"));
        // Of its probes alone, nothing is lost, and no force is necessary.
        host.bpffs.ok(near, "unban 10.12.0.2");
        host.bpffs.ok(near, "ban 10.12.0.2");
        there.write_all(b"x").unwrap();
        here.read_exact(&mut [0]).unwrap();
    });
}

#[test]
fn it_is_refused_below_another_device_and_where_the_host_forwards() {
    lab(|| {
        let host = host();
        let near = &host.pair.near;
        near.sysctl("ipv4/ip_forward", "1");
        let said = host.bpffs.fails(near, "ban 10.12.0.9 --scope all", 3);
        assert!(said.contains("a taker behind this host"), "{said}");
        host.bpffs.ok(near, "ban 10.12.0.9 --scope all --force");
        near.sysctl("ipv4/ip_forward", "0");
        near.sh("ip link add b0 type bridge; ip link set w0 master b0");
        for force in ["", " --force"] {
            let ban = host.bpffs.output(near, &format!("ban 10.12.0.8 --scope all{force}"));
            assert_eq!(ban.status.code(), Some(3), "{ban:?}");
            let said = String::from_utf8_lossy(&ban.stderr);
            assert!(said.contains("the kernel's look-up may miss a connection"), "{said}");
        }
    });
}
