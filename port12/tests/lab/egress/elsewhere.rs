//! What is not this host's, or no start of anything.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use super::{HOOKS, Watched, command, facts, outbound, python};
use crate::support::{
    Namespace, Pair, Port12,
    addresses::{BOTH, FAR, FAR_MAC, NEAR, NEAR_MAC},
    frame, lab,
    sockets::reusing_tcp,
};

#[test]
fn what_a_server_answers_is_not_counted() {
    for hook in HOOKS {
        lab(|| {
            let watched = Watched::start(hook);
            let (near, far) = (&watched.pair.near, &watched.pair.far);
            // A client that is bound to a reserved port, as NFS's are, is answered at an unassigned one.
            let listener = near.enter(|| TcpListener::bind((NEAR, 2049)).unwrap());
            far.enter(|| {
                let client = reusing_tcp(SocketAddr::new(FAR.into(), 717));
                client.connect(&SocketAddr::new(NEAR.into(), 2049).into()).unwrap();
                // Nobody is there: a reset.
                let other = reusing_tcp(SocketAddr::new(FAR.into(), 718));
                other.connect(&SocketAddr::new(NEAR.into(), 2050).into()).unwrap_err();
            });
            drop(listener.accept().unwrap());
            let server = near.enter(|| UdpSocket::bind((NEAR, 111)).unwrap());
            far.enter(|| {
                let client = UdpSocket::bind((FAR, 717)).unwrap();
                client.send_to(b"?", (NEAR, 111)).unwrap();
                let (length, from) = server.recv_from(&mut [0; 8]).unwrap();
                assert_eq!((length, from.port()), (1, 717));
                server.send_to(b"!", from).unwrap();
                client.recv_from(&mut [0; 8]).unwrap();
                // Nobody is there: an ICMP error.
                client.send_to(b"?", (NEAR, 12)).unwrap();
            });
            let (totals, records) = watched.stop();
            assert_eq!(outbound(&totals, "w0"), facts([]), "{}", totals.0);
            assert!(records.is_empty());
        });
    }
}

#[test]
fn a_client_that_binds_its_port_and_connects_is_counted() {
    lab(|| {
        let watched = Watched::start("tcx");
        watched.pair.near.enter(|| {
            let client = UdpSocket::bind((NEAR, 500)).unwrap();
            client.connect((FAR, 12)).unwrap();
            client.send(b"x").unwrap();
        });
        let (totals, _) = watched.stop();
        assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 1)]), "{}", totals.0);
    });
}

/// A router: what it forwards is not its own, whether it masquerades or not; what it sends itself is.
#[test]
fn what_is_forwarded_is_not_counted() {
    for hook in HOOKS {
        lab(|| {
            let (outside, router, inside) = (Namespace::new(), Namespace::new(), Namespace::new());
            router.sh(&format!(
                "ip link add outer type veth peer name eth netns {}
                 ip link add inner type veth peer name eth netns {}
                 ip addr add 10.13.1.1/24 dev outer
                 ip addr add 10.13.2.1/24 dev inner
                 ip link set outer up
                 ip link set inner up",
                outside.name(),
                inside.name()
            ));
            router.sysctl("ipv4/ip_forward", "1");
            for (host, address, via) in
                [(&outside, "10.13.1.2", "10.13.1.1"), (&inside, "10.13.2.2", "10.13.2.1")]
            {
                host.sh(&format!(
                    "ip addr add {address}/24 dev eth
                     ip link set eth up
                     ip route add default via {via}"
                ));
            }
            let mut port12 = Port12::launch(command(&router, hook, "-i outer,inner --egress"));
            port12.report();
            let knock = |from: &Namespace| {
                let _ = from.command("nc").args(["-z", "10.13.1.2", "12"]).status();
                python(
                    from,
                    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('10.13.1.2', 12))",
                );
            };
            knock(&inside);
            router.sh("nft add table ip nat
                 nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
                 nft add rule ip nat post oifname outer masquerade");
            knock(&inside);
            let seen = port12.wait_for("what came in", |it| it.outcome("transit") == 4);
            assert_eq!(outbound(&seen, "outer"), facts([]), "{}", seen.0);
            knock(&router);
            let totals = port12.stop();
            let own = facts([("tcp", 12, 1), ("udp", 12, 1)]);
            assert_eq!(outbound(&totals, "outer"), own, "{}", totals.0);
            assert_eq!(outbound(&totals, "inner"), facts([]));
        });
    }
}

/// A bridge hands on a container's packets with the container's socket, and a macvlan's have never come in.
#[test]
fn what_containers_send_is_not_counted() {
    for hook in HOOKS {
        lab(|| {
            let (pair, container) = (Pair::new(), Namespace::new());
            pair.near.sh(&format!(
                "ip addr flush dev w0
                 ip link add br0 type bridge
                 ip link set w0 master br0
                 ip link add port type veth peer name eth netns {}
                 ip link set port master br0
                 ip link set port up
                 ip link set br0 up
                 ip addr add {NEAR}/24 dev br0",
                container.name()
            ));
            container.sh("ip addr add 10.12.0.7/24 dev eth; ip link set eth up");
            pair.far.sh(&format!("ip neigh del {NEAR} dev f0; ip neigh flush dev f0"));
            let mut port12 = Port12::launch(command(&pair.near, hook, "-i w0,br0 --egress"));
            port12.report();
            let code = format!(
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('{FAR}', 12))"
            );
            let far = pair.far.enter(|| UdpSocket::bind((FAR, 12)).unwrap());
            python(&container, &code);
            assert_eq!(far.recv_from(&mut [0; 8]).unwrap().1.ip().to_string(), "10.12.0.7");
            // The container takes the host's own address.
            container.sh(&format!("ip addr add {NEAR}/24 dev eth"));
            let forged = code.replace("; s.sendto", &format!("; s.bind(('{NEAR}', 0)); s.sendto"));
            python(&container, &forged);
            far.recv_from(&mut [0; 8]).unwrap();
            container.sh(&format!("ip addr del {NEAR}/24 dev eth"));
            python(&pair.near, &code);
            far.recv_from(&mut [0; 8]).unwrap();
            let totals = port12.stop();
            // The host's own leaves by the bridge, and then by its port.
            let own = facts([("udp", 12, 1)]);
            assert_eq!(outbound(&totals, "w0"), own, "{}", totals.0);
            assert_eq!(outbound(&totals, "br0"), own);
        });
    }
}

/// What packet sockets send is this host's, whatever it says it comes from, where the kernel tells whose a socket is
/// (6.18): then a flood with forged sources is told. Garbage changes nothing.
#[test]
fn forged_sources_are_counted_and_garbage_passes() {
    lab(|| {
        let watched = Watched::start("tcx");
        let (raw, far) = (watched.pair.near_raw(), watched.pair.far_raw());
        let turn = |mut frame: Vec<u8>| {
            frame[..6].copy_from_slice(&FAR_MAC);
            frame[6..12].copy_from_slice(&NEAR_MAC);
            frame
        };
        // From the far address, which is not this host's.
        let syn = turn(frame::syn(BOTH[0], 12));
        let mut frames = vec![syn.clone(), frame::tagged(&syn, &[7]), frame::tagged(&syn, &[7, 8])];
        for length in [14, 20, 33, 34, 37, 53] {
            frames.push(syn[..length].to_vec());
        }
        frames.push([&syn[..12], &[0x88, 0xcc], &[0; 46]].concat());
        for frame in &frames {
            raw.send(frame);
        }
        // The kernel takes the outermost tag off where it comes in.
        let untagged = |frame: &[u8]| match frame[12..14] {
            [0x81, 0] => [&frame[..12], &frame[16..]].concat(),
            _ => frame.to_vec(),
        };
        for frame in &frames {
            let frame = untagged(frame);
            far.receive("the frame as it was sent", |it| it == frame);
        }
        let (totals, _) = watched.stop();
        assert_eq!(outbound(&totals, "w0"), facts([("tcp", 12, 3)]), "{}", totals.0);
    });
}

/// Of a frame that is larger than a page, a packet socket has the Ethernet header alone in one piece.
#[test]
fn headers_outside_of_the_linear_part_are_read() {
    for hook in HOOKS {
        lab(|| {
            let pair = Pair::new();
            pair.near.sh("ip link set w0 mtu 9000");
            pair.far.sh("ip link set f0 mtu 9000");
            let watched = Watched::of(pair, hook, "-i w0 --xdp-mode generic");
            let raw = watched.pair.near_raw();
            for (near, far) in BOTH {
                // From here to there.
                let mut frame = frame::udp((far, near), 12, &[7; 6000]);
                frame[..6].copy_from_slice(&FAR_MAC);
                frame[6..12].copy_from_slice(&NEAR_MAC);
                raw.send(&frame);
            }
            let (totals, _) = watched.stop();
            assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 2)]), "{}", totals.0);
        });
    }
}

/// What a macvlan in another namespace sends has come in by nothing, and leaves by the watched interface.
#[test]
fn what_a_macvlan_of_a_container_sends_is_not_counted() {
    for hook in HOOKS {
        lab(|| {
            let (pair, container) = (Pair::new(), Namespace::new());
            pair.near.sh(&format!(
                "ip link add link w0 name mv0 type macvlan mode bridge
                 ip link set mv0 netns {}",
                container.name()
            ));
            container.sh("ip addr add 10.12.0.7/24 dev mv0; ip link set mv0 up");
            let watched = Watched::of(pair, hook, "-i w0");
            let far = watched.pair.far.enter(|| UdpSocket::bind((FAR, 12)).unwrap());
            let code = "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto";
            let code = format!("import socket; {code}(b'x', ('{FAR}', 12))");
            python(&container, &code);
            assert_eq!(far.recv_from(&mut [0; 8]).unwrap().1.ip().to_string(), "10.12.0.7");
            python(&watched.pair.near, &code);
            assert_eq!(far.recv_from(&mut [0; 8]).unwrap().1.ip(), NEAR);
            let (totals, _) = watched.stop();
            assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 1)]), "{}", totals.0);
        });
    }
}
