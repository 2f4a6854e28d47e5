//! The programs at `bind` and `listen`, attached to the highest cgroup that there is to see; they tell of the test's
//! own network namespace.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    os::fd::AsRawFd as _,
    thread,
};

use port12::{
    host::cgroups,
    kernel::{
        binds::{Bind, BindRing, Binds, BindsError},
        instance::LoadOptions,
        object::EntryPoint,
    },
};
use port12_common::{
    Transport::{self, Tcp, Udp, UdpLite},
    abi::{HEARERS, Sockets},
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::{namespace, subject::Subject, tell::tell};

/// The programs, and two interfaces that hear.
struct Host {
    binds: Binds,
    ring: BindRing,
    subjects: [Subject; 2],
}

impl Host {
    fn new() -> Self {
        let mut binds = attached();
        binds.listen_to_this_namespace().unwrap();
        let subjects = [(); 2].map(|()| Subject::bare(&LoadOptions::live(EntryPoint::Linear)));
        binds.set_hearers(states(&subjects)).unwrap();
        let ring = binds.ring().unwrap();
        Self { binds, ring, subjects }
    }

    /// The byte of a port, which is the same for both interfaces.
    fn mark(&self, transport: Transport, port: u16) -> u8 {
        let [one, other] = [0, 1].map(|index| mark(&self.subjects[index], transport, port));
        assert_eq!(one, other);
        one
    }

    fn told(&mut self) -> Vec<Bind> {
        std::iter::from_fn(|| self.ring.pop()).collect()
    }
}

fn attached() -> Binds {
    let cgroup = cgroups::open_highest().expect("cgroup2 is mounted");
    let mut binds = Binds::load().unwrap();
    binds.attach(&cgroup.directory).unwrap();
    binds
}

fn states<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> Vec<aya::maps::MapData> {
    subjects.into_iter().map(|subject| subject.instance.state_map().unwrap()).collect()
}

fn mark(subject: &Subject, transport: Transport, port: u16) -> u8 {
    subject.instance.state().sockets().listed[transport as usize][usize::from(port)]
}

fn bound(transport: Transport, address: &str) -> io::Result<Socket> {
    let address: SocketAddr = address.parse().unwrap();
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let kind = if transport == Tcp { Type::STREAM } else { Type::DGRAM };
    let protocol = Protocol::from(i32::from(transport.protocol()));
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[test]
fn a_bind_is_marked_for_every_interface_before_it_returns() {
    namespace::alone(|| {
        let host = Host::new();
        for (transport, address) in [
            (Udp, "127.0.0.1:12"),
            (Udp, "[::1]:14"),
            (Tcp, "0.0.0.0:12"),
            (Tcp, "[::]:16"),
            (UdpLite, "127.0.0.1:18"),
        ] {
            let port = address.parse::<SocketAddr>().unwrap().port();
            assert_eq!(host.mark(transport, port), 0);
            let socket = match bound(transport, address) {
                Ok(socket) => socket,
                Err(error) => {
                    tell(&format!("not run: {transport} in this kernel: {error}"));
                    continue;
                }
            };
            assert_eq!(host.mark(transport, port), Sockets::FRESH, "{transport} {address}");
            drop(socket);
        }
        assert_eq!(host.binds.losses().count(), 0);
    });
}

#[test]
fn udp_is_told_at_its_bind_and_tcp_when_it_listens_with_who_it_is() {
    namespace::alone(|| {
        let mut host = Host::new();
        let udp = UdpSocket::bind("127.0.0.1:12").unwrap();
        let tcp = bound(Tcp, "[::]:14").unwrap();
        let told = host.told();
        let [bind] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((bind.transport, bind.port), (Udp, 12));
        assert_eq!(bind.address, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(bind.process, std::process::id() as i32);
        // SAFETY: getuid has no preconditions.
        assert_eq!(bind.uid, unsafe { libc::getuid() });
        let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
        assert_eq!(bind.name, name.trim_end());
        let age = port12::host::time::since_boot() - bind.since_boot;
        assert!(age.as_secs() < 5, "{age:?}");
        let cookie = socket2::SockRef::from(&udp).cookie().unwrap();
        assert_eq!(u64::from_ne_bytes(bind.cookie), cookie);

        tcp.listen(1).unwrap();
        let told = host.told();
        let [listener] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((listener.transport, listener.port), (Tcp, 14));
        assert_eq!(listener.address.to_string(), "::");
        assert_eq!(listener.process, bind.process);
        assert_eq!(u64::from_ne_bytes(listener.cookie), tcp.cookie().unwrap());
        // Only the backlog changes.
        tcp.listen(2).unwrap();
        assert_eq!(host.told(), []);
    });
}

/// Who had the number of a process then may be another when the socket listens.
#[test]
fn a_listener_is_told_with_the_time_of_its_bind() {
    namespace::alone(|| {
        let mut host = Host::new();
        let tcp = bound(Tcp, "127.0.0.1:12").unwrap();
        let bound_by = port12::host::time::since_boot();
        thread::sleep(std::time::Duration::from_millis(20));
        tcp.listen(1).unwrap();
        let told = host.told();
        assert!(told[0].since_boot <= bound_by, "{:?} {bound_by:?}", told[0]);
    });
}

/// A port that the kernel has chosen goes when nobody answers.
#[test]
fn a_socket_that_has_another_port_by_the_time_it_listens_is_not_told() {
    namespace::alone(|| {
        let mut host = Host::new();
        for (name, value) in
            [("ip_unprivileged_port_start", "0"), ("ip_local_port_range", "600 700")]
        {
            std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value).unwrap();
        }
        let tcp = bound(Tcp, "127.0.0.1:0").unwrap();
        let chosen = tcp.local_addr().unwrap().as_socket().unwrap().port();
        assert_eq!(host.mark(Tcp, chosen), Sockets::FRESH);
        let nobody: SocketAddr = "127.0.0.1:9999".parse().unwrap();
        assert!(tcp.connect(&nobody.into()).is_err());
        for subject in &host.subjects {
            subject.instance.state().set_host(&port12_common::abi::HostTable::UNKNOWN);
        }
        tcp.bind(&"127.0.0.1:8080".parse::<SocketAddr>().unwrap().into()).unwrap();
        tcp.listen(1).unwrap();
        assert_eq!((host.told(), host.mark(Tcp, chosen)), (vec![], 0));
    });
}

/// The byte may be 0 again by the time that a socket listens.
#[test]
fn a_listen_is_marked_anew() {
    namespace::alone(|| {
        let host = Host::new();
        let tcp = bound(Tcp, "127.0.0.1:14").unwrap();
        let empty = port12_common::abi::HostTable::UNKNOWN;
        for subject in &host.subjects {
            subject.instance.state().set_host(&empty);
        }
        assert_eq!(host.mark(Tcp, 14), 0);
        tcp.listen(1).unwrap();
        assert_eq!(host.mark(Tcp, 14), Sockets::FRESH);
    });
}

#[test]
fn clients_refused_binds_and_other_ports_are_not_told() {
    namespace::alone(|| {
        let mut host = Host::new();
        let listener = TcpListener::bind("127.0.0.1:8080").unwrap();
        let client = bound(Tcp, "127.0.0.1:700").unwrap();
        client.connect(&listener.local_addr().unwrap().into()).unwrap();
        drop(client);
        let _first = TcpListener::bind("127.0.0.1:12").unwrap();
        assert_eq!(host.told().len(), 1);
        let second = bound(Tcp, "127.0.0.1:12").unwrap_err();
        assert_eq!(second.raw_os_error(), Some(libc::EADDRINUSE));
        let away = UdpSocket::bind("192.0.2.1:14").unwrap_err();
        assert_eq!(away.raw_os_error(), Some(libc::EADDRNOTAVAIL));
        let _high = [UdpSocket::bind("127.0.0.1:1024"), UdpSocket::bind("127.0.0.1:0")];
        assert_eq!(host.told(), []);
        assert_eq!((host.mark(Tcp, 700), host.mark(Udp, 14)), (Sockets::FRESH, 0));
    });
}

#[test]
fn sockets_that_share_a_port_are_told_one_by_one() {
    namespace::alone(|| {
        let mut host = Host::new();
        let group = [(); 4].map(|()| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_reuse_port(true).unwrap();
            socket.bind(&"127.0.0.1:12".parse::<SocketAddr>().unwrap().into()).unwrap();
            socket.listen(1).unwrap();
            socket
        });
        let told: Vec<u64> = host.told().iter().map(|it| u64::from_ne_bytes(it.cookie)).collect();
        assert_eq!(told, group.map(|socket| socket.cookie().unwrap()));
    });
}

/// Anybody may make a network namespace, and bind every port there.
#[test]
fn binds_in_another_network_namespace_change_nothing() {
    namespace::alone(|| {
        let mut host = Host::new();
        thread::spawn(|| {
            // SAFETY: unshare takes flags; it changes this thread alone.
            assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0);
            let _udp = UdpSocket::bind("0.0.0.0:12").unwrap();
            let _tcp = TcpListener::bind("0.0.0.0:12").unwrap();
        })
        .join()
        .unwrap();
        assert_eq!((host.mark(Udp, 12), host.mark(Tcp, 12)), (0, 0));
        assert_eq!(host.told(), []);
    });
}

#[test]
fn no_bind_is_refused_on_any_port() {
    namespace::alone(|| {
        let mut host = Host::new();
        for port in 1..=1024 {
            for address in ["127.0.0.1", "[::1]", "0.0.0.0", "[::]"] {
                let address = format!("{address}:{port}");
                bound(Udp, &address).unwrap_or_else(|error| panic!("udp {address}: {error}"));
                let tcp = bound(Tcp, &address).unwrap_or_else(|error| panic!("{address}: {error}"));
                tcp.listen(1).unwrap();
            }
            while host.ring.pop().is_some() {}
        }
        assert_eq!(host.binds.losses().count(), 0);
    });
}

#[test]
fn what_finds_no_room_is_counted_and_marked_all_the_same() {
    namespace::alone(|| {
        let mut host = Host::new();
        for turn in 0..2000 {
            drop(UdpSocket::bind(("127.0.0.1", 600 + turn % 100)).unwrap());
        }
        let _last = UdpSocket::bind("127.0.0.1:12").unwrap();
        assert_eq!(host.mark(Udp, 12), Sockets::FRESH);
        let told = host.told().len() as u64;
        assert!((300..500).contains(&told), "{told}");
        assert_eq!(told + host.binds.losses().count(), 2001);
        // There is room again.
        let _more = UdpSocket::bind("127.0.0.1:14").unwrap();
        assert_eq!(host.told().len(), 1);
    });
}

#[test]
fn an_interface_that_leaves_is_written_to_no_longer_and_places_are_used_again() {
    namespace::alone(|| {
        let mut binds = attached();
        binds.listen_to_this_namespace().unwrap();
        let subject = || Subject::bare(&LoadOptions::live(EntryPoint::Linear));
        let (first, second, third) = (subject(), subject(), subject());
        let mut set = |of: &[&Subject]| binds.set_hearers(states(of.iter().copied())).unwrap();
        assert_eq!(set(&[&first, &second]), 0);
        assert_eq!(set(&[&second]), 0);
        let _one = UdpSocket::bind("127.0.0.1:12").unwrap();
        assert_eq!((mark(&first, Udp, 12), mark(&second, Udp, 12)), (0, Sockets::FRESH));
        assert_eq!(set(&[&second, &third]), 0);
        let _two = UdpSocket::bind("127.0.0.1:14").unwrap();
        let all = [&first, &second, &third].map(|it| mark(it, Udp, 14));
        assert_eq!(all, [0, Sockets::FRESH, Sockets::FRESH]);
    });
}

/// A place that was left holds another's state, which is to leave it too.
#[test]
fn one_after_the_other_that_leaves_is_written_to_no_longer() {
    namespace::alone(|| {
        let mut binds = attached();
        binds.listen_to_this_namespace().unwrap();
        let [first, second, third] =
            [(); 3].map(|()| Subject::bare(&LoadOptions::live(EntryPoint::Linear)));
        let mut set = |of: &[&Subject]| binds.set_hearers(states(of.iter().copied())).unwrap();
        let mut marked = |port: u16, of: &[&Subject]| {
            assert_eq!(set(of), 0);
            let _socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
            [&first, &second, &third].map(|it| mark(it, Udp, port) == Sockets::FRESH)
        };
        assert_eq!(marked(12, &[&first, &second]), [true, true, false]);
        assert_eq!(marked(14, &[&first]), [true, false, false]);
        assert_eq!(marked(16, &[&third]), [false, false, true]);
        assert_eq!(marked(18, &[]), [false; 3]);
        assert_eq!(marked(20, &[&second, &first]), [true, true, false]);
    });
}

#[test]
fn interfaces_that_find_no_place_are_counted() {
    namespace::alone(|| {
        let mut binds = attached();
        binds.listen_to_this_namespace().unwrap();
        let subjects: Vec<Subject> = (0..HEARERS + 2)
            .map(|_| Subject::bare(&LoadOptions::live(EntryPoint::Linear)))
            .collect();
        assert_eq!(binds.set_hearers(states(&subjects)).unwrap(), 2);
        let _socket = UdpSocket::bind("127.0.0.1:12").unwrap();
        let marked = subjects.iter().filter(|it| mark(it, Udp, 12) == Sockets::FRESH).count();
        assert_eq!(marked, HEARERS);
    });
}

#[test]
fn programs_that_are_not_called_say_so() {
    namespace::alone(|| {
        let binds = Binds::load().unwrap();
        assert!(matches!(binds.listen_to_this_namespace(), Err(BindsError::Deaf)));
        let mut ring = binds.ring().unwrap();
        let _socket = UdpSocket::bind("127.0.0.1:12").unwrap();
        assert_eq!(ring.pop(), None);
    });
}

#[test]
fn the_programs_go_with_what_loaded_them() {
    namespace::alone(|| {
        let host = Host::new();
        let Host { binds, ring, subjects } = host;
        drop((binds, ring));
        let _socket = UdpSocket::bind("127.0.0.1:12").unwrap();
        assert_eq!(mark(&subjects[0], Udp, 12), 0);
    });
}

/// A descriptor that is handed on, as a supervisor does, is the same socket.
#[test]
fn a_socket_that_another_process_listens_on_is_told_of_who_bound_it() {
    namespace::alone(|| {
        let mut host = Host::new();
        let socket = bound(Tcp, "127.0.0.1:12").unwrap();
        let again = socket.try_clone().unwrap();
        drop(socket);
        // SAFETY: the child calls what may be called after a fork, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above.
            unsafe { libc::_exit(libc::listen(again.as_raw_fd(), 1)) };
        }
        let mut status = 0;
        // SAFETY: the child is this process's own.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        let told = host.told();
        assert_eq!((told.len(), told[0].process), (1, std::process::id() as i32));
    });
}
