//! What the program tells of single probes.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use port12::{
    event::{MAX_FRAME_BYTES, Probe},
    kernel::{
        events::{self, EventRing, Reading},
        instance::LoadOptions,
        object::EntryPoint,
    },
    mapped_read, mapped_write,
    model::EventStats,
    policy::{Mode, policy},
};
use port12_common::{
    Layer, Outcome, Shape, Transport,
    abi::{Budget, EVENT, SLOTS, Sockets, TransitPolicy},
    watched,
};

use crate::{
    cpus,
    knock::{SOURCE_PORT, knock},
    namespace,
    subject::Subject,
    support::environment::{self, ADDRESS_V4, ADDRESS_V6},
};

const ENTRIES: [EntryPoint; 2] = [EntryPoint::Frags, EntryPoint::Linear];

/// The program, and the reader of what it tells.
struct Watch {
    subject: Subject,
    ring: EventRing,
}

impl Watch {
    fn start(entry: EntryPoint, mode: Mode) -> Self {
        cpus::stay();
        let subject = Subject::bare(&LoadOptions::live(entry));
        let mut host = environment::host();
        host.sockets.listed = Sockets::EMPTY.listed;
        subject.set(&policy(&watched::BITS, mode, TransitPolicy::Pass), &host);
        let ring = subject.instance.events().expect("a ring buffer");
        Self { subject, ring }
    }

    fn send(&self, transport: Transport, source: IpAddr, port: u16) -> Vec<u8> {
        let destination: IpAddr = match source {
            IpAddr::V4(_) => ADDRESS_V4.into(),
            IpAddr::V6(_) => ADDRESS_V6.into(),
        };
        let (from, to) = (SocketAddr::new(source, SOURCE_PORT), SocketAddr::new(destination, port));
        let frame = knock(transport, from, to);
        self.subject.run(&frame).expect("test-run takes the frame");
        frame
    }

    fn told(&mut self) -> Vec<Probe> {
        let reading = Reading::new("w0", Layer::Ethernet);
        std::iter::from_fn(|| self.ring.next(&reading)).collect()
    }

    fn sums(&self) -> EventStats {
        events::stats(self.subject.instance.counters())
    }

    /// Sets both budgets of each CPU.
    fn budget(&self, known: Budget, newcomers: Budget) {
        let counters = self.subject.instance.counters();
        for cpu in counters.elements_mut() {
            mapped_write!(cpu, telling.known => known);
            mapped_write!(cpu, telling.newcomers => newcomers);
        }
    }

    /// As if it had been so many jiffies longer since anything was told.
    fn age(&self, jiffies: u32) {
        let counters = self.subject.instance.counters();
        for cpu in counters.elements_mut() {
            for index in 0..SLOTS {
                let told = mapped_read!(cpu, sources.slots[index].told);
                mapped_write!(cpu, sources.slots[index].told => told.wrapping_sub(jiffies));
            }
        }
    }
}

fn watched(transport: Transport) -> impl Iterator<Item = u16> {
    let bits = watched::BITS[transport as usize];
    (0..1024).filter(move |port| bits[usize::from(port / 64)] >> (port % 64) & 1 == 1)
}

fn v4(last: u8) -> IpAddr {
    Ipv4Addr::new(198, 51, 100, last).into()
}

fn burst(events: u64) -> Budget {
    Budget { tokens: events * EVENT, filled: 0, rate: 0, burst: events * EVENT }
}

#[test]
fn a_first_touch_is_told_with_all_that_is_known() {
    namespace::alone(|| {
        for (entry, mode, outcome) in [
            (EntryPoint::Frags, Mode::Drop, Outcome::Dropped),
            (EntryPoint::Linear, Mode::Monitor, Outcome::Probe),
        ] {
            let mut watch = Watch::start(entry, mode);
            let v6 = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6).into();
            for (source, destination) in
                [(v4(7), IpAddr::from(ADDRESS_V4)), (v6, IpAddr::from(ADDRESS_V6))]
            {
                let before = SystemTime::now();
                let frame = watch.send(Transport::Tcp, source, 12);
                let after = SystemTime::now();
                let [event] = watch.told().try_into().expect("one event");
                let slack = Duration::from_millis(50);
                assert!(event.time >= before - slack && event.time <= after + slack);
                assert_eq!(&*event.interface, "w0");
                assert_eq!((event.outcome, event.is_first), (outcome, true));
                assert_eq!((event.transport, event.shape), (Transport::Tcp, Shape::TcpSyn));
                assert_eq!((event.source, event.source_port), (source, SOURCE_PORT));
                assert_eq!((event.headers.destination, event.port), (Some(destination), 12));
                assert_eq!(event.headers.tcp_flags, Some(2));
                assert_eq!((event.length as usize, event.frame), (frame.len(), frame));
                watch.send(Transport::Tcp, source, 12);
                assert_eq!(watch.told(), [], "nothing is told of the same again at once");
            }
            assert_eq!(watch.sums(), EventStats { emitted: 2, rate_limited: 0, lost: 0 });
        }
    });
}

#[test]
fn of_a_frame_the_first_bytes_are_told() {
    namespace::alone(|| {
        for entry in ENTRIES {
            let mut watch = Watch::start(entry, Mode::Monitor);
            for (last, length) in (0..).zip([60, 61, 63, 64, 127, 255, 256, 257, 1514]) {
                let from = SocketAddr::new(v4(last), SOURCE_PORT);
                let to = SocketAddr::new(ADDRESS_V4.into(), 12);
                let mut frame = knock(Transport::Tcp, from, to);
                let filled = (frame.len()..length).map(|at| at as u8);
                frame.extend(filled);
                watch.subject.run(&frame).expect("test-run takes the frame");
                let [event] = watch.told().try_into().expect("one event");
                let captured = frame.len().min(MAX_FRAME_BYTES);
                assert_eq!(event.length as usize, frame.len(), "{entry:?}");
                assert_eq!(event.frame, frame[..captured], "{entry:?}, {length} bytes");
            }
        }
    });
}

#[test]
fn a_scan_of_every_port_is_told_port_by_port() {
    namespace::alone(|| {
        for entry in ENTRIES {
            let mut watch = Watch::start(entry, Mode::Drop);
            let mut touched = BTreeSet::new();
            for transport in [Transport::Tcp, Transport::Udp, Transport::Sctp] {
                for port in watched(transport) {
                    watch.send(transport, v4(9), port);
                    watch.send(transport, v4(9), port);
                    touched.insert((transport, port));
                }
            }
            let events = watch.told();
            let told: BTreeSet<_> = events.iter().map(|it| (it.transport, it.port)).collect();
            assert!(told == touched && told.len() == events.len(), "{} told", events.len());
            assert_eq!(watch.sums(), EventStats { emitted: 848, rate_limited: 0, lost: 0 });
        }
    });
}

#[test]
fn a_source_that_goes_on_is_told_of_again() {
    namespace::alone(|| {
        let mut watch = Watch::start(EntryPoint::Frags, Mode::Monitor);
        watch.send(Transport::Tcp, v4(1), 12);
        watch.told();
        let hz = watch.subject.instance.now().expect("the clock").hz as u32;
        watch.age(8 * hz);
        watch.send(Transport::Tcp, v4(1), 12);
        assert_eq!(watch.told(), []);
        watch.age(2 * hz);
        for _ in 0..3 {
            watch.send(Transport::Tcp, v4(1), 12);
        }
        let [event] = watch.told().try_into().expect("one event");
        assert!(!event.is_first);
    });
}

#[test]
fn what_is_suppressed_and_what_is_lost_adds_up() {
    namespace::alone(|| {
        for entry in ENTRIES {
            let mut watch = Watch::start(entry, Mode::Drop);
            // More than the ring holds.
            watch.budget(burst(10_000), burst(10_000));
            let sources = |from: u32, count: u32| {
                (from..from + count).map(|number| IpAddr::V4(Ipv4Addr::from_bits(number << 8 | 9)))
            };
            sources(0x0a_0000, 8000)
                .for_each(|source| drop(watch.send(Transport::Tcp, source, 12)));
            let full = watch.sums();
            assert_eq!((full.emitted + full.lost, full.rate_limited), (8000, 0), "{full:?}");
            assert!(full.lost > 500, "{full:?}");
            let events = watch.told();
            assert_eq!(events.len() as u64, full.emitted);
            // The ring is free again, and the budget for newcomers is spent.
            watch.budget(burst(10), burst(20));
            for source in sources(0x0b_0000, 200) {
                watch.send(Transport::Tcp, source, 12);
            }
            let sums = watch.sums();
            assert_eq!(sums.emitted + sums.rate_limited + sums.lost, 8200, "{sums:?}");
            let told = sums.emitted - full.emitted;
            assert_eq!(told, 20);
            assert_eq!(watch.told().len() as u64, told);
        }
    });
}

#[test]
fn a_flood_of_newcomers_leaves_the_budget_of_who_is_known() {
    namespace::alone(|| {
        let mut watch = Watch::start(EntryPoint::Frags, Mode::Drop);
        for _ in 0..8 {
            watch.send(Transport::Tcp, v4(1), 12);
        }
        watch.told();
        watch.budget(burst(400), burst(0));
        // Forged ones that come more than once.
        for number in 0..100_u32 {
            let source = Ipv4Addr::from_bits(0x0d00_0000 | number).into();
            for port in [12, 14, 16, 26] {
                watch.send(Transport::Tcp, source, port);
            }
        }
        assert_eq!(watch.told(), []);
        for number in 0..100_u32 {
            let source = Ipv4Addr::from_bits(0x0c00_0000 | number).into();
            watch.send(Transport::Tcp, source, 12);
        }
        watch.told();
        for port in watched(Transport::Tcp) {
            watch.send(Transport::Tcp, v4(1), port);
        }
        let told: BTreeSet<_> = watch.told().iter().map(|event| event.port).collect();
        assert_eq!(told.len(), 283);
    });
}

#[test]
fn nothing_is_told_where_nobody_is_to_be_told() {
    namespace::alone(|| {
        let options = LoadOptions { events: false, ..LoadOptions::live(EntryPoint::Frags) };
        let subject = Subject::bare(&options);
        subject.set(&policy(&watched::BITS, Mode::Drop, TransitPolicy::Pass), &environment::host());
        let ring = subject.instance.events().expect("a ring buffer");
        let mut watch = Watch { subject, ring };
        watch.send(Transport::Tcp, v4(1), 12);
        assert_eq!((watch.told(), watch.sums()), (vec![], EventStats::default()));
    });
}
