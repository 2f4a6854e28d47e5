//! Events for tests.

mod names;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, SystemTime},
};

use etherparse::PacketBuilder;
use port12_common::{Layer, Outcome, Shape, TooDeep, Transport};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};

pub(crate) use names::{any_name, any_sentence};

use super::super::{
    Behind, Cgroup, Contact, Headers, Listener, Notice, OnDisk, Owner, Probe, Process, Program,
    Scan, ScanKind, Sender, Started, TooDeepAlert, What,
};

/// 2026-03-01T12:34:56.789012345Z.
pub(crate) fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_772_368_496, 789_012_345)
}

/// A SYN from 192.0.2.1 port 40000 to 198.51.100.7 port 12 that was dropped.
pub(crate) fn event() -> Probe {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([192, 0, 2, 1], [198, 51, 100, 7], 54)
        .tcp(40000, 12, 1, 1024)
        .syn()
        .write(&mut frame, &[])
        .unwrap();
    Probe {
        time: time(),
        interface: "eth0".into(),
        outcome: Outcome::Dropped,
        transport: Transport::Tcp,
        shape: Shape::TcpSyn,
        source: Ipv4Addr::new(192, 0, 2, 1).into(),
        source_port: 40000,
        port: 12,
        is_first: true,
        length: frame.len() as u32,
        layer: Layer::Ethernet,
        headers: Headers::of(&frame, frame.len(), Layer::Ethernet, Transport::Tcp),
        frame,
    }
}

/// A datagram, in a packet without an Ethernet header, of which the start was captured.
pub(crate) fn datagram() -> Probe {
    let mut frame = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [198, 51, 100, 7], 54)
        .udp(40000, 12)
        .write(&mut frame, &[7; 300])
        .unwrap();
    let length = frame.len();
    frame.truncate(128);
    Probe {
        interface: "tun0".into(),
        outcome: Outcome::Probe,
        transport: Transport::Udp,
        shape: Shape::Datagram,
        length: length as u32,
        layer: Layer::Ip,
        headers: Headers::of(&frame, length, Layer::Ip, Transport::Udp),
        frame,
        ..event()
    }
}

/// An SCTP INIT over IPv6 that was passed.
pub(crate) fn sctp() -> Probe {
    let (source, destination) = (v6(1), v6(7));
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
    frame.extend([0x60, 0, 0, 0, 0, 32, 132, 54]);
    frame.extend(source.octets());
    frame.extend(destination.octets());
    frame.extend([0x9c, 0x40, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20]);
    frame.extend([0; 16]);
    Probe {
        outcome: Outcome::Probe,
        transport: Transport::Sctp,
        shape: Shape::SctpInit,
        source: IpAddr::V6(source),
        length: frame.len() as u32,
        headers: Headers::of(&frame, frame.len(), Layer::Ethernet, Transport::Sctp),
        frame,
        ..event()
    }
}

fn v6(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)
}

/// Three packets with too many VLAN tags, two of which were dropped.
pub(crate) fn too_deep() -> TooDeepAlert {
    let interface = "eth0".into();
    TooDeepAlert { time: time(), interface, reason: TooDeep::VlanTags, packets: 3, dropped: 2 }
}

/// A SYN scan of four ports.
pub(crate) fn alert() -> Scan {
    let sample = event();
    Scan {
        time: sample.time,
        source: sample.source,
        kind: ScanKind::Syn,
        is_slow: false,
        is_end: false,
        ports: [2, 12, 13, 14].map(|port| (Transport::Tcp, port)).into(),
        targets: sample.headers.destination.into_iter().collect(),
        further_touches: 0,
        events: 5,
        dropped: 5,
        began: sample.time - Duration::from_millis(12_543),
        first_seen: sample.time - Duration::from_millis(12_543),
        last_seen: sample.time,
        sample,
    }
}

/// A listener on port 12 of any address that has appeared: nc's.
pub(crate) fn notice() -> Notice {
    let process = Process {
        pid: 4711,
        name: Some("nc".into()),
        command: ["nc", "-l", "-p", "12"].map(Into::into).into(),
        command_cut: false,
        program: Some(Program { path: "/usr/bin/nc".into(), on_disk: OnDisk::Deleted }),
        uid: Some(0),
        started: Some(time() - Duration::from_secs(1)),
        cgroup: Some(Cgroup {
            path: "/system.slice/x.service".into(),
            unit: Some("x.service".into()),
            container: None,
        }),
    };
    let listener = Listener {
        transport: Transport::Tcp,
        port: 12,
        address: Ipv4Addr::UNSPECIFIED.into(),
        dual_stack: false,
        device: None,
        uid: 0,
        inode: 77,
        owner: Owner::Process,
        processes: vec![process],
        more_processes: 0,
    };
    Notice::of(&listener.into(), What::Appeared { at_start: false }, time())
}

/// That three knocks have reached it.
pub(crate) fn reached() -> Notice {
    let what = What::Reached { interface: "eth0".into(), packets: 3, others: 0 };
    Notice { what, ..notice() }
}

/// That nc has started a conversation with port 12 of another host.
pub(crate) fn started() -> Started {
    let processes = notice().listener.map(|it| it.processes.clone()).unwrap_or_default();
    Started {
        contact: Contact {
            time: time(),
            interface: "eth0".into(),
            transport: Transport::Tcp,
            shape: Shape::TcpSyn,
            source: Ipv4Addr::new(192, 0, 2, 1).into(),
            source_port: 40000,
            destination: Ipv4Addr::new(198, 51, 100, 7).into(),
            port: 12,
            uid: 0,
            cookie: 7,
            running: None,
        },
        sender: Sender { behind: Behind::Holders, processes, more_processes: 0 },
    }
}

/// The same of nobody who was seen.
pub(crate) fn started_unseen() -> Started {
    let Started { contact, .. } = started();
    Started { contact: Contact { uid: 1000, ..contact }, sender: Sender::UNSEEN }
}

/// Any conversation that this host starts.
pub(crate) fn any_started() -> impl Strategy<Value = Started> {
    let behind = [Behind::Holders, Behind::Running, Behind::Ended, Behind::Unseen];
    let ends = (any_address(), any_address(), any::<(u16, u16, u32)>(), any_time(), any_name());
    let kinds = (select(&Transport::ALL[..]), select(&Shape::ALL[..]), select(behind.to_vec()));
    (kinds, ends, vec(any_process(), 0..7), 0..9_usize).prop_map(
        |((transport, shape, behind), ends, processes, more_processes)| {
            let (source, destination, (source_port, port, uid), time, interface) = ends;
            Started {
                contact: Contact {
                    time,
                    interface: interface.into(),
                    transport,
                    shape,
                    source,
                    source_port,
                    destination,
                    port,
                    uid,
                    cookie: 0,
                    running: None,
                },
                sender: Sender { behind, processes, more_processes },
            }
        },
    )
}

/// Any notice.
pub(crate) fn any_notice() -> impl Strategy<Value = Notice> {
    let what = prop_oneof![
        any::<bool>().prop_map(|at_start| What::Appeared { at_start }),
        Just(What::Passed),
        Just(What::Left),
        (any_name(), any::<u64>(), any::<usize>()).prop_map(|(name, packets, others)| {
            What::Reached { interface: name.into(), packets, others }
        }),
    ];
    (what, option::of(any_listener()), any_time(), select(&Transport::ALL[..]), any::<u16>())
        .prop_map(|(what, listener, time, transport, port)| Notice {
            time,
            what,
            transport,
            port,
            listener: listener.map(Into::into),
        })
}

fn any_listener() -> impl Strategy<Value = Listener> {
    let owner = select(&[Owner::Process, Owner::None, Owner::Unseen, Owner::Unaccepted][..]);
    let place = (select(&Transport::ALL[..]), any::<(u16, bool, u32, u32)>(), any_address());
    (place, option::of(any_name()), owner, vec(any_process(), 0..7), 0..9_usize).prop_map(
        |(place, device, owner, processes, more_processes)| {
            let (transport, (port, dual_stack, uid, inode), address) = place;
            Listener {
                transport,
                port,
                address,
                dual_stack,
                device,
                uid,
                inode,
                owner,
                processes,
                more_processes,
            }
        },
    )
}

fn any_process() -> impl Strategy<Value = Process> {
    let texts = (option::of(any_name()), vec(any_name(), 0..4), option::of(any_name()));
    (0..i32::MAX, texts, any::<(bool, Option<u32>)>(), option::of(any_time())).prop_map(
        |(pid, (name, command, path), (command_cut, uid), started)| Process {
            pid,
            cgroup: name.clone().map(|unit| Cgroup {
                path: "/".into(),
                unit: Some(unit),
                container: path.clone(),
            }),
            name,
            command,
            command_cut,
            program: path.map(|path| Program { path, on_disk: OnDisk::Replaced }),
            uid,
            started,
        },
    )
}

/// Any event, whether a kernel program could tell it or not.
pub(crate) fn any_probe() -> impl Strategy<Value = Probe> {
    let kinds = (select(&Transport::ALL[..]), select(&Shape::ALL[..]), any::<(bool, bool, bool)>());
    let ends = (any_address(), any::<(u16, u16, u32)>(), any_time(), any_name());
    let frame = vec(any::<u8>(), 0..300);
    (kinds, ends, any_headers(), frame).prop_map(|(kinds, ends, headers, frame)| {
        let (transport, shape, (is_dropped, is_first, is_ethernet)) = kinds;
        let (source, (source_port, port, length), time, interface) = ends;
        let outcome = if is_dropped { Outcome::Dropped } else { Outcome::Probe };
        let layer = if is_ethernet { Layer::Ethernet } else { Layer::Ip };
        Probe {
            time,
            interface: interface.into(),
            outcome,
            transport,
            shape,
            source,
            source_port,
            port,
            is_first,
            length,
            layer,
            headers,
            frame,
        }
    })
}

fn any_headers() -> impl Strategy<Value = Headers> {
    let vlans = vec(0..4096_u16, 0..=4);
    let others = any::<(Option<u8>, Option<bool>, Option<u8>, Option<usize>)>();
    (vlans, option::of(any_address()), others).prop_map(|(vlans, destination, others)| {
        let (hop_limit, has_options, tcp_flags, payload) = others;
        Headers { vlans, destination, hop_limit, has_options, tcp_flags, payload }
    })
}

pub(crate) fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from),]
}

/// 584 years either way.
pub(crate) fn any_time() -> impl Strategy<Value = SystemTime> {
    let near = any::<i64>().prop_map(|nanoseconds| {
        let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
        match nanoseconds < 0 {
            true => SystemTime::UNIX_EPOCH - distance,
            false => SystemTime::UNIX_EPOCH + distance,
        }
    });
    let far = (0..1_u64 << 50).prop_map(|it| SystemTime::UNIX_EPOCH + Duration::from_secs(it));
    prop_oneof![4 => near, 1 => far]
}

/// Any alert.
pub(crate) fn any_alert() -> impl Strategy<Value = Scan> {
    let ports = btree_set((select(&Transport::ALL[..]), any::<u16>()), 0..60);
    let targets = btree_set(any_address(), 0..80);
    let facts =
        (select(&ScanKind::ALL[..]), any::<(bool, bool, u64, u64)>(), any_time(), any_time());
    (any_probe(), any_address(), ports, targets, facts).prop_map(
        |(sample, source, ports, targets, facts)| {
            let (kind, (is_slow, is_end, events, dropped), first_seen, last_seen) = facts;
            Scan {
                time: sample.time,
                source,
                kind,
                is_slow,
                is_end,
                ports,
                targets,
                further_touches: 0,
                events,
                dropped,
                began: first_seen,
                first_seen,
                last_seen,
                sample,
            }
        },
    )
}

/// Any alert on packets with too many headers.
pub(crate) fn any_too_deep() -> impl Strategy<Value = TooDeepAlert> {
    let facts = (select(&TooDeep::ALL[..]), any::<u64>(), any::<u64>());
    (any_time(), any_name(), facts).prop_map(|(time, interface, (reason, packets, dropped))| {
        TooDeepAlert { time, interface: interface.into(), reason, packets, dropped }
    })
}
