mod answers;
mod bounds;
mod clocks;
mod kinds;
mod paces;
mod properties;
mod quiet;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use port12_common::{Layer, Outcome, Shape, Transport, watched};

use super::*;
use crate::{
    event::{Headers, Probe},
    registry::unofficial::in_default_nmap_scan,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn source(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

fn target(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0xc000_0200 + number).into()
}

/// A SYN, so long after the start.
fn syn(number: u32, port: u16, at: Duration) -> Probe {
    Probe {
        time: start() + at,
        interface: Arc::from("eth0"),
        outcome: Outcome::Probe,
        transport: Transport::Tcp,
        shape: Shape::TcpSyn,
        source: source(number),
        source_port: 40_000,
        port,
        is_first: true,
        length: 60,
        layer: Layer::Ethernet,
        headers: Headers { destination: Some(target(1)), ..Headers::default() },
        frame: Vec::new(),
    }
}

/// A datagram of which nothing but the addresses and ports was captured.
fn datagram(number: u32, port: u16, at: Duration) -> Probe {
    let (transport, shape) = (Transport::Udp, Shape::Datagram);
    Probe { transport, shape, ..syn(number, port, at) }
}

/// The watched ports of a transport.
fn watched_ports(transport: Transport) -> Vec<u16> {
    let words = &watched::BITS[transport as usize];
    (0..1024_u16).filter(|port| words[usize::from(port / 64)] >> (port % 64) & 1 == 1).collect()
}

/// Numbers that look random, the same ones each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The ports that a scan of `of` ports touches, in random order, and when, where one is tried in each
/// `pace`: `watched` ones are seen and the others are not.
fn scan(watched: &[u16], of: usize, pace: Duration, seed: u64) -> Vec<(u16, Duration)> {
    let mut tried: Vec<Option<u16>> = watched.iter().copied().map(Some).collect();
    tried.resize(of.max(watched.len()), None);
    Dice(seed).shuffle(&mut tried);
    let times = (0_u32..).map(|number| pace * number);
    tried.into_iter().zip(times).filter_map(|(port, at)| Some((port?, at))).collect()
}

/// A detector whose time is told every second.
#[derive(Default)]
struct Run {
    detector: Detector,
    seconds: u64,
    alerts: Vec<Scan>,
}

impl Run {
    fn wait_until(&mut self, at: Duration) {
        while self.seconds < at.as_secs() {
            self.seconds += 1;
            let time = start() + Duration::from_secs(self.seconds);
            self.alerts.extend(self.detector.tick(time));
        }
    }

    fn note(&mut self, event: &Probe) {
        let at = event.time.duration_since(start()).expect("it is after the start");
        self.wait_until(at);
        self.alerts.extend(self.detector.note(event));
    }

    fn note_all(&mut self, events: impl IntoIterator<Item = Probe>) {
        events.into_iter().for_each(|event| self.note(&event));
    }

    /// Alerts so far, and in the next days.
    fn finish(mut self) -> Vec<Scan> {
        self.wait_until(Duration::from_secs(self.seconds) + 25 * HOUR);
        self.alerts
    }
}

/// The only alert about these events.
fn only_alert(events: impl IntoIterator<Item = Probe>) -> Scan {
    let mut run = Run::default();
    run.note_all(events);
    let [alert] = <[Scan; 1]>::try_from(run.finish()).expect("there is one alert");
    alert
}

fn ports(transport: Transport, ports: &[u16]) -> BTreeSet<(Transport, u16)> {
    ports.iter().map(|port| (transport, *port)).collect()
}
