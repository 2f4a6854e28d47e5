//! Listeners on unassigned ports: what the operator must find out about, and never loses.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    process::Stdio,
    time::Duration,
};

use crate::support::{
    Pair, Port12,
    addresses::{BOTH, FAR, NEAR},
    lab,
    sockets::{reusing_udp, tcp_listener, wait_for_socket},
};

/// Connects from the far host, and exchanges a byte with the listener.
fn connects(pair: &Pair, listener: &std::net::TcpListener, target: SocketAddr) {
    let patience = Duration::from_secs(10);
    let client = pair.far.enter(|| TcpStream::connect_timeout(&target, patience));
    let mut client = client.unwrap_or_else(|error| panic!("{target}: {error}"));
    let (mut server, _) = listener.accept().unwrap();
    let mut byte = [0];
    client.write_all(b"?").unwrap();
    server.read_exact(&mut byte).unwrap();
    server.write_all(b"!").unwrap();
    client.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"!");
}

#[test]
fn netcat_listening_on_port_81_is_reached_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        let listener = pair
            .near
            .command("timeout")
            .args(["20", "nc", "-l", "-p", "81"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_socket(&pair.near, "tcp", 81);
        pair.far.sh(&format!("echo knock | timeout 20 nc -N {NEAR} 81"));
        let heard = listener.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&heard.stdout), "knock\n");
        let totals = port12.stop();
        assert_eq!(totals.port("tcp", 81, "local_socket"), 1, "{}", totals.0);
    });
}

#[test]
fn listeners_bound_to_an_address_or_a_device_are_reached_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        let any: [IpAddr; 2] = ["0.0.0.0".parse().unwrap(), "::".parse().unwrap()];
        for ((near, _), any) in BOTH.into_iter().zip(any) {
            for (address, device) in
                [(any, None), (near, None), (any, Some("w0")), (near, Some("w0"))]
            {
                let listener = pair.near.enter(|| tcp_listener(address, 81, device));
                connects(&pair, &listener, SocketAddr::new(near, 81));
            }
        }
        let report = port12.wait_for("listeners", |report| report.outcome("local_socket") >= 8);
        assert_eq!(report.port("tcp", 81, "packets"), report.port("tcp", 81, "dropped"));
    });
}

#[test]
fn a_udp_service_on_an_unassigned_port_is_reached_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        for (near, far) in BOTH {
            let service = pair.near.enter(|| UdpSocket::bind((near, 81)).unwrap());
            let client = pair.far.enter(|| UdpSocket::bind((far, 0)).unwrap());
            client.send_to(b"?", (near, 81)).unwrap();
            service.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let (length, from) = service.recv_from(&mut [0; 8]).unwrap();
            assert_eq!((length, from), (1, client.local_addr().unwrap()));
        }
        let totals = port12.stop();
        assert_eq!(totals.port("udp", 81, "local_socket"), 2);
        assert_eq!(totals.outcome("dropped"), 0);
    });
}

/// Puts the watched interface into a bridge, and its addresses onto the bridge.
fn bridge(pair: &Pair) {
    pair.near.sh("ip addr flush dev w0
         ip link add br0 type bridge
         ip link set br0 address 02:00:00:12:00:01
         ip link set w0 master br0
         ip link set br0 up");
    for (near, far) in BOTH {
        let (length, nodad) = if near.is_ipv4() { (24, "") } else { (64, "nodad") };
        pair.near.sh(&format!(
            "ip addr add {near}/{length} dev br0 {nodad}
             ip neigh add {far} lladdr 02:00:00:12:00:02 dev br0"
        ));
    }
}

#[test]
fn on_a_bridge_port_drop_mode_is_refused() {
    lab(|| {
        let pair = Pair::new();
        bridge(&pair);
        let output = Port12::run(&pair.near, "-i w0 --mode drop --duration 1s");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("w0 is a port of the bridge br0"), "{said}");
    });
}

#[test]
fn a_listener_bound_to_the_bridge_above_is_reached_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        bridge(&pair);
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop --forwarding drop");
        for (near, _) in BOTH {
            let listener = pair.near.enter(|| tcp_listener(near, 81, Some("br0")));
            connects(&pair, &listener, SocketAddr::new(near, 81));
        }
        // A knock at a port without a listener is still dropped.
        let refused = pair.far.enter(|| {
            TcpStream::connect_timeout(
                &SocketAddr::new(NEAR.into(), 12),
                Duration::from_millis(500),
            )
        });
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        let totals = port12.stop();
        assert!(totals.port("tcp", 81, "local_socket") >= 2);
        assert!(totals.port("tcp", 12, "dropped") >= 1);
    });
}

#[test]
fn a_fresh_udp_socket_bound_to_the_bridge_above_loses_no_reply_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        bridge(&pair);
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop --forwarding drop");
        let server = pair.far.enter(|| UdpSocket::bind((FAR, 9000)).unwrap());
        for port in [720, 721, 722, 723] {
            let local = SocketAddr::new(NEAR.into(), port);
            let client = pair.near.enter(|| reusing_udp(local, Some("br0")));
            client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            client.send_to(b"?", (FAR, 9000)).unwrap();
            let (_, from) = server.recv_from(&mut [0; 8]).unwrap();
            server.send_to(b"!", from).unwrap();
            let heard = client.recv(&mut [0; 8]);
            assert_eq!(heard.map_err(|error| error.to_string()), Ok(1), "to port {port}");
        }
        assert_eq!(port12.stop().outcome("dropped"), 0);
    });
}
