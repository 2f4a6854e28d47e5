//! Ordinary traffic that is no evidence for a ban: broadcasts, and late answers to what this host asked.

use std::{
    net::{SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use port12::registry::Registry;
use port12_common::Transport;

use crate::support::{
    Banning,
    addresses::{FAR, NEAR},
    frame::syn,
    lab, reaches, until,
};

/// As late as answers of an overloaded NFS server were seen, and longer than a bind counts as a socket.
const LATE: Duration = Duration::from_millis(2600);

/// A scan is banned all the same.
fn scans_and_is_banned(host: &Banning) {
    let far = host.pair.far_raw();
    for _ in 0..6 {
        far.send(&syn((NEAR.into(), FAR.into()), 12));
    }
    until("the ban", || (host.deeds().banned == 1).then_some(()));
    assert!(!reaches(&far, 12));
}

/// A games console looks for others so (udp/987).
#[test]
fn broadcasts_ban_nobody() {
    lab(|| {
        let host = Banning::new("after = 5");
        let mut run = host.run("");
        let socket = host.pair.far.enter(|| {
            let socket = UdpSocket::bind((FAR, 40_000)).unwrap();
            socket.set_broadcast(true).unwrap();
            socket2::SockRef::from(&socket).bind_device(Some(b"f0")).unwrap();
            socket
        });
        for to in ["255.255.255.255:987", "10.12.0.255:987", "224.0.0.251:987"] {
            for _ in 0..20 {
                socket.send_to(b"SRCH * HTTP/1.1", to).unwrap();
            }
        }
        run.wait_for("the broadcasts", |report| report.outcome("probe") >= 60);
        assert!(host.bans().is_empty());
        scans_and_is_banned(&host);
        run.stop();
    });
}

/// The clients of ONC RPC, rsh and RADIUS bind to well-known ports, one after the other.
#[test]
fn late_answers_to_ports_that_this_host_asked_from_ban_nobody() {
    lab(|| {
        let host = Banning::new("after = 5");
        let mut run = host.run("");
        let server = host.pair.far.enter(|| UdpSocket::bind((FAR, 2049)).unwrap());
        let watched = Registry::embedded().watched(Transport::Udp);
        let ports: Vec<u16> = watched.iter().filter(|port| *port >= 665).take(40).collect();
        let clients: Vec<UdpSocket> = host.pair.near.enter(|| {
            let client = |port: &u16| UdpSocket::bind((NEAR, *port)).unwrap();
            ports.iter().map(client).collect()
        });
        for client in &clients {
            client.send_to(b"call", (FAR, 2049)).unwrap();
        }
        // One listing of sockets, where no program hears of binds.
        thread::sleep(Duration::from_millis(600));
        drop(clients);
        thread::sleep(LATE);
        for port in &ports {
            server.send_to(b"any reply", SocketAddr::from((NEAR, *port))).unwrap();
        }
        run.wait_for("the answers", |report| report.outcome("probe") >= 40);
        assert!(host.bans().is_empty());
        // To have been asked excuses nothing else.
        scans_and_is_banned(&host);
        run.stop();
    });
}
