//! Counters of the program at one moment.

use std::collections::BTreeMap;

use port12_common::{
    Depth, Malformed, Outcome, Shape, TooDeep, Transport,
    abi::{CpuCounters, PORTS, PortCounters, Tally},
};

use crate::{
    kernel::{banning, events, mapped::Mapped},
    mapped_read,
    model::{AutoBanStats, EventStats},
};

/// The counters of one interface, over all CPUs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Snapshot {
    outcomes: [Tally; Outcome::ALL.len()],
    reasons: [u64; Malformed::ALL.len()],
    too_deep: [[u64; 2]; TooDeep::ALL.len()],
    shapes: [u64; Shape::ALL.len()],
    ports: BTreeMap<(Transport, u16), PortCounters>,
    events: EventStats,
    bans: AutoBanStats,
}

impl Snapshot {
    /// Reads the counters. Each number is whole; numbers of frames in flight may lag each other.
    pub fn read(counters: &Mapped<CpuCounters>) -> Self {
        let mut snapshot = Self {
            events: events::stats(counters),
            bans: banning::stats(counters),
            ..Self::default()
        };
        for cpu in counters.elements() {
            let outcomes = mapped_read!(cpu, outcomes);
            snapshot.outcomes.iter_mut().zip(outcomes).for_each(|(sum, tally)| *sum += tally);
            let reasons = mapped_read!(cpu, reasons);
            snapshot.reasons.iter_mut().zip(reasons).for_each(|(sum, count)| *sum += count);
            snapshot.add_too_deep(&mapped_read!(cpu, too_deep));
            let shapes = mapped_read!(cpu, shapes);
            snapshot.shapes.iter_mut().zip(shapes).for_each(|(sum, count)| *sum += count);
            for transport in Transport::ALL {
                for port in 0..PORTS {
                    let counters = mapped_read!(cpu, ports[transport as usize][port]);
                    if counters != PortCounters::default() {
                        let port = u16::try_from(port).unwrap_or(u16::MAX);
                        snapshot.outcomes[Outcome::Probe as usize] += counters.passed;
                        snapshot.outcomes[Outcome::Dropped as usize] += counters.dropped;
                        snapshot.add_port(transport, port, &counters);
                    }
                }
            }
        }
        snapshot
    }

    /// Event records of the program.
    pub fn events(&self) -> EventStats {
        self.events
    }

    /// Bans by the program itself.
    pub fn bans(&self) -> AutoBanStats {
        self.bans
    }

    fn add_too_deep(&mut self, counts: &[[u64; 2]]) {
        let sums = self.too_deep.iter_mut().zip(counts);
        sums.flat_map(|(sums, counts)| sums.iter_mut().zip(counts))
            .for_each(|(sum, it)| *sum += it);
    }

    fn add_port(&mut self, transport: Transport, port: u16, counters: &PortCounters) {
        let sum = self.ports.entry((transport, port)).or_default();
        sum.passed += counters.passed;
        sum.dropped += counters.dropped;
        sum.local_socket += counters.local_socket;
        sum.last_seen = sum.last_seen.max(counters.last_seen);
    }

    /// Counts a frame of `bytes` as the kernel program does; `jiffies` is its time.
    pub fn record(&mut self, finding: &port12_common::Finding, bytes: u64, jiffies: u64) {
        let tally = Tally { packets: 1, bytes };
        self.outcomes[finding.outcome as usize] += tally;
        if let Some(reason) = finding.reason {
            self.reasons[reason as usize] += 1;
        }
        if let Some(Depth { reason, is_dropped }) = finding.depth {
            self.too_deep[reason as usize][usize::from(is_dropped)] += 1;
        }
        let mut counters = PortCounters { last_seen: jiffies, ..PortCounters::default() };
        match finding.outcome {
            Outcome::Probe => counters.passed = tally,
            Outcome::Dropped => counters.dropped = tally,
            Outcome::LocalSocket => counters.local_socket = 1,
            Outcome::NotIp
            | Outcome::Malformed
            | Outcome::TooDeep
            | Outcome::Fragment
            | Outcome::OtherTransport
            | Outcome::HighPort
            | Outcome::Assigned
            | Outcome::Ignored
            | Outcome::Reply
            | Outcome::Transit
            | Outcome::Allowed
            | Outcome::Banned => return,
        }
        if let Some(shape) = finding.shape.filter(|_| counters.local_socket == 0) {
            self.shapes[shape as usize] += 1;
        }
        if let Some(transport) = finding.transport {
            self.add_port(transport, finding.port, &counters);
        }
    }

    /// Adds another snapshot's counts.
    pub fn add(&mut self, other: &Self) {
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(sum, tally)| *sum += tally);
        self.reasons.iter_mut().zip(&other.reasons).for_each(|(sum, count)| *sum += count);
        self.add_too_deep(&other.too_deep);
        self.shapes.iter_mut().zip(&other.shapes).for_each(|(sum, count)| *sum += count);
        for (&(transport, port), counters) in &other.ports {
            self.add_port(transport, port, counters);
        }
    }

    /// Frames and bytes of one outcome.
    pub fn outcome(&self, outcome: Outcome) -> Tally {
        self.outcomes[outcome as usize]
    }

    /// Malformed frames of one reason.
    pub fn reason(&self, reason: Malformed) -> u64 {
        self.reasons[reason as usize]
    }

    /// Packets that are too deep for one reason: those that passed, and those that were dropped.
    pub fn too_deep(&self, reason: TooDeep) -> [u64; 2] {
        self.too_deep[reason as usize]
    }

    /// Probes of one shape, dropped ones included.
    pub fn shape(&self, shape: Shape) -> u64 {
        self.shapes[shape as usize]
    }

    /// All frames and their bytes: the sum of all outcomes.
    pub fn frames(&self) -> Tally {
        let mut frames = Tally::default();
        self.outcomes.iter().for_each(|tally| frames += *tally);
        frames
    }

    /// The ports that were hit, by transport and number.
    pub fn ports(&self) -> impl Iterator<Item = (Transport, u16, &PortCounters)> {
        self.ports.iter().map(|(&(transport, port), counters)| (transport, port, counters))
    }

    /// One port's counters.
    pub fn port(&self, transport: Transport, port: u16) -> PortCounters {
        self.ports.get(&(transport, port)).copied().unwrap_or_default()
    }
}
