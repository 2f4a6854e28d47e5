//! The sockets of the network namespace, looked up by the program: test-run's device is the
//! namespace's `lo`.

use std::{
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Mutex, PoisonError},
};

use port12::kernel::{instance::LoadOptions, object::EntryPoint};
use port12_common::{
    Outcome::{self, Dropped, LocalSocket, Probe, Reply},
    Shape,
    Transport::{self, Dccp, Sctp, Tcp, Udp, UdpLite},
    abi::{Action, Gate, HostTable, Policy},
};

use crate::{
    counts::Counts,
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
    support::answer::{Answer, Segment},
};

const PORT: u16 = 717;

/// What user space knows about the host in a test.
#[derive(Clone, Copy)]
struct Known {
    listed: bool,
    stale: bool,
    lookup_proves: bool,
    enforce: bool,
}

const FRESH: Known = Known { listed: false, stale: false, lookup_proves: true, enforce: false };
const FRESH_BELOW_A_DEVICE: Known = Known { lookup_proves: false, ..FRESH };
const LISTED: Known = Known { listed: true, ..FRESH };
const STALE: Known = Known { stale: true, lookup_proves: false, ..FRESH };
const STALE_AND_LISTED: Known = Known { listed: true, ..STALE };
const STALE_BUT_PROVEN: Known = Known { lookup_proves: true, ..STALE };

/// Both programs, in a drop mode, around the sockets of a namespace.
struct Host([Subject; 2]);

impl Host {
    fn load() -> Self {
        Self(EntryPoint::ALL.map(|entry| Subject::bare(&LoadOptions::live(entry))))
    }

    /// Sends a conversation start and checks what becomes of it.
    #[track_caller]
    fn expect(&self, known: Known, transport: Transport, from: &str, to: &str, outcome: Outcome) {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let frame = knock(transport, address(from), address(to));
        let segment = Segment {
            transport,
            source_port: address(from).port(),
            port: address(to).port(),
            shape: Some(match transport {
                Tcp => Shape::TcpSyn,
                Udp | UdpLite => Shape::Datagram,
                Sctp => Shape::SctpInit,
                Dccp => Shape::DccpRequest,
            }),
        };
        for subject in &self.0 {
            publish(subject, known);
            let before = subject.counts();
            let verdict = subject.run(&frame);
            let counted = subject.counts().since(&before);
            let expected = Counts::of(&Answer::about(segment, outcome), frame.len());
            let what =
                format!("{transport} from {from} to {to}, {}", subject.instance.program_name());
            assert_eq!(counted, expected, "{what}");
            assert_eq!(verdict, Ok(outcome.verdict()), "{what}");
        }
    }
}

fn publish(subject: &Subject, known: Known) {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = Gate::OPEN;
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.lookup_proves = known.lookup_proves.into();
    host.sockets.valid_until = if known.stale { 0 } else { u64::MAX };
    for transport in Transport::ALL {
        policy.set(transport, PORT, Action::Drop { enforce: known.enforce }.into());
        if known.listed {
            host.sockets.insert(transport, PORT);
        }
    }
    subject.set(&policy, &host);
}

/// Runs a test in a namespace of its own. All share the programs, which take most of a second to
/// verify; a program that nothing attaches looks around the namespace of whoever runs it.
fn in_namespace(test: fn(&Host)) {
    static HOST: Mutex<Option<Host>> = Mutex::new(None);
    namespace::alone(move || {
        let mut host = HOST.lock().unwrap_or_else(PoisonError::into_inner);
        test(host.get_or_insert_with(Host::load));
    });
}

#[test]
fn without_a_socket_a_fresh_bitmap_proves_it_and_a_stale_one_does_not() {
    in_namespace(|host| {
        for transport in [Tcp, Udp] {
            for (from, to) in [("127.0.0.1:40000", "127.0.0.1:717"), ("[::1]:40000", "[::1]:717")] {
                host.expect(FRESH, transport, from, to, Dropped);
                let below = if transport == Tcp { Dropped } else { Probe };
                host.expect(FRESH_BELOW_A_DEVICE, transport, from, to, below);
                host.expect(STALE, transport, from, to, Probe);
                host.expect(STALE_BUT_PROVEN, transport, from, to, Dropped);
                host.expect(LISTED, transport, from, to, LocalSocket);
                host.expect(STALE_AND_LISTED, transport, from, to, LocalSocket);
            }
        }
    });
}

#[test]
fn what_cannot_be_looked_up_goes_by_the_bitmap_alone() {
    in_namespace(|host| {
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:717");
        for transport in [UdpLite, Sctp, Dccp] {
            host.expect(FRESH, transport, from, to, Dropped);
            host.expect(LISTED, transport, from, to, LocalSocket);
            host.expect(STALE, transport, from, to, Probe);
            host.expect(STALE_BUT_PROVEN, transport, from, to, Probe);
        }
    });
}

#[test]
fn an_unconnected_udp_socket_is_found_before_user_space_lists_it() {
    in_namespace(|host| {
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:717");
        host.expect(FRESH, Udp, from, to, Dropped);
        let socket = UdpSocket::bind(to).expect("a port to bind to");
        for known in [FRESH, LISTED, STALE, STALE_BUT_PROVEN] {
            host.expect(known, Udp, from, to, LocalSocket);
        }
        // Another address of the host is not the socket's.
        host.expect(FRESH, Udp, from, "127.0.0.2:717", Dropped);
        host.expect(FRESH, Udp, "[::1]:40000", "[::1]:717", Dropped);
        host.expect(FRESH, Tcp, from, to, Dropped);
        drop(socket);
        host.expect(FRESH, Udp, from, to, Dropped);
    });
}

#[test]
fn a_connected_udp_socket_makes_replies_of_its_peers_datagrams_alone() {
    in_namespace(|host| {
        let (peer, other, to) = ("127.0.0.1:40000", "127.0.0.1:40001", "127.0.0.1:717");
        let socket = UdpSocket::bind(to).expect("a port to bind to");
        socket.connect(peer).expect("a peer to connect to");
        for known in [FRESH, LISTED, STALE, STALE_BUT_PROVEN] {
            host.expect(known, Udp, peer, to, Reply);
        }
        host.expect(LISTED, Udp, other, to, LocalSocket);
        host.expect(FRESH, Udp, other, to, Dropped);
        host.expect(STALE, Udp, other, to, Probe);
        host.expect(STALE_BUT_PROVEN, Udp, other, to, Dropped);
    });
}

#[test]
fn a_connected_udp_socket_of_ipv6_is_found_too() {
    in_namespace(|host| {
        let socket = UdpSocket::bind("[::1]:717").expect("a port to bind to");
        host.expect(FRESH, Udp, "[::1]:40000", "[::1]:717", LocalSocket);
        socket.connect(("::1", SOURCE_PORT)).expect("a peer to connect to");
        host.expect(FRESH, Udp, "[::1]:40000", "[::1]:717", Reply);
        host.expect(FRESH, Udp, "[::1]:40001", "[::1]:717", Dropped);
    });
}

#[test]
fn a_listener_is_looked_up_when_the_bitmap_is_stale() {
    in_namespace(|host| {
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:717");
        let listener = TcpListener::bind(to).expect("a port to listen on");
        for known in [LISTED, STALE, STALE_AND_LISTED, STALE_BUT_PROVEN] {
            host.expect(known, Tcp, from, to, LocalSocket);
        }
        // A fresh bitmap is believed: the listener is younger, and the client sends another SYN.
        host.expect(FRESH, Tcp, from, to, Dropped);
        host.expect(STALE_BUT_PROVEN, Tcp, from, "127.0.0.2:717", Dropped);
        drop(listener);
        host.expect(STALE_BUT_PROVEN, Tcp, from, to, Dropped);
    });
}

#[test]
fn a_syn_within_an_established_connection_is_a_reply() {
    in_namespace(|host| {
        let to = "127.0.0.1:717";
        let listener = TcpListener::bind(to).expect("a port to listen on");
        let client = TcpStream::connect(to).expect("a listener");
        let (_server, peer) = listener.accept().expect("a client");
        assert_eq!(client.local_addr().expect("an address"), peer);
        drop(listener);
        host.expect(STALE_BUT_PROVEN, Tcp, &peer.to_string(), to, Reply);
        host.expect(STALE_BUT_PROVEN, Tcp, "127.0.0.1:9", to, Dropped);
    });
}

#[test]
fn a_dual_stack_listener_is_found_for_both_families() {
    in_namespace(|host| {
        let _listener = TcpListener::bind("[::]:717").expect("a port to listen on");
        let _socket = UdpSocket::bind("[::]:717").expect("a port to bind to");
        for transport in [Tcp, Udp] {
            host.expect(STALE, transport, "127.0.0.1:40000", "127.0.0.1:717", LocalSocket);
            host.expect(STALE, transport, "[::1]:40000", "[::1]:717", LocalSocket);
        }
        host.expect(FRESH, Udp, "127.0.0.1:40000", "127.0.0.1:717", LocalSocket);
    });
}

#[test]
fn a_socket_connected_to_a_v4_mapped_peer_makes_replies_of_its_datagrams() {
    in_namespace(|host| {
        let socket = UdpSocket::bind("[::]:717").expect("a port to bind to");
        socket.connect("[::ffff:127.0.0.1]:40000").expect("a peer to connect to");
        host.expect(FRESH, Udp, "127.0.0.1:40000", "127.0.0.1:717", Reply);
        host.expect(FRESH, Udp, "127.0.0.1:40001", "127.0.0.1:717", Dropped);
    });
}

#[test]
fn an_enforced_port_is_dropped_in_spite_of_a_socket_but_not_for_a_connection() {
    in_namespace(|host| {
        let enforced = |known| Known { enforce: true, ..known };
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:717");
        let socket = UdpSocket::bind(to).expect("a port to bind to");
        let _listener = TcpListener::bind(to).expect("a port to listen on");
        for known in [FRESH, LISTED, STALE, STALE_BUT_PROVEN] {
            host.expect(enforced(known), Udp, from, to, Dropped);
            host.expect(enforced(known), Tcp, from, to, Dropped);
        }
        socket.connect(from).expect("a peer to connect to");
        host.expect(enforced(FRESH), Udp, from, to, Reply);
        // Below a device, what the look-up cannot see may be a connected socket.
        host.expect(enforced(FRESH_BELOW_A_DEVICE), Udp, from, "127.0.0.2:717", Probe);
    });
}

#[test]
fn a_socket_bound_to_another_device_is_known_by_the_bitmap_alone() {
    in_namespace(|host| {
        namespace::sh("ip link add other type veth peer name otherpeer && ip link set other up");
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:717");
        let socket = UdpSocket::bind(to).expect("a port to bind to");
        bind_to_device(&socket, c"lo");
        host.expect(FRESH, Udp, from, to, LocalSocket);
        bind_to_device(&socket, c"other");
        host.expect(LISTED, Udp, from, to, LocalSocket);
        host.expect(FRESH_BELOW_A_DEVICE, Udp, from, to, Probe);
        host.expect(STALE, Udp, from, to, Probe);
    });
}

#[test]
fn a_socket_of_another_namespace_is_not_found() {
    let _elsewhere = UdpSocket::bind("127.0.0.1:717");
    in_namespace(|host| {
        host.expect(FRESH, Udp, "127.0.0.1:40000", "127.0.0.1:717", Dropped);
    });
}

fn bind_to_device(socket: &UdpSocket, device: &std::ffi::CStr) {
    use std::os::fd::AsRawFd as _;
    let name = device.to_bytes_with_nul();
    // SAFETY: the name is valid for the length that is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            name.as_ptr().cast(),
            name.len() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "SO_BINDTODEVICE: {}", std::io::Error::last_os_error());
}
