//! What changed in the program's counters.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
};

use port12::{kernel::mapped::Mapped, mapped_read, snapshot::Snapshot};
use port12_common::{
    Depth, Malformed, Outcome, Shape, TooDeep, Transport,
    abi::{CpuCounters, PortCounters, Tally},
};

use crate::support::answer::Answer;

/// One number that the program keeps.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Counter {
    Frames(Outcome),
    FrameBytes(Outcome),
    Reason(Malformed),
    /// Packets that passed, or were dropped.
    TooDeep(TooDeep, bool),
    Shape(Shape),
    Packets(Transport, u16),
    Bytes(Transport, u16),
    Dropped(Transport, u16),
    LocalSocket(Transport, u16),
    /// An element of `outcomes`, `reasons` or `shapes` that nothing is to be counted in.
    Padding(&'static str, usize),
}

/// Counters with their values; those that are 0 are absent.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Counts(BTreeMap<Counter, u64>);

impl Counts {
    /// What one frame of `bytes` adds when this is what becomes of it.
    pub fn of(answer: &Answer, bytes: usize) -> Self {
        let bytes = bytes as u64;
        let mut counts = Self::default();
        counts.add(Counter::Frames(answer.outcome), 1);
        counts.add(Counter::FrameBytes(answer.outcome), bytes);
        if let Some(reason) = answer.reason {
            counts.add(Counter::Reason(reason), 1);
        }
        if let Some(Depth { reason, is_dropped }) = answer.depth {
            counts.add(Counter::TooDeep(reason, is_dropped), 1);
        }
        let Some(segment) = answer.segment else {
            return counts;
        };
        let (transport, port) = (segment.transport, segment.port);
        if let Outcome::Probe | Outcome::Dropped = answer.outcome {
            let shape = segment.shape.expect("a probe has a shape");
            counts.add(Counter::Shape(shape), 1);
            counts.add(Counter::Packets(transport, port), 1);
            counts.add(Counter::Bytes(transport, port), bytes);
            let dropped = u64::from(answer.outcome == Outcome::Dropped);
            counts.add(Counter::Dropped(transport, port), dropped);
        }
        if answer.outcome == Outcome::LocalSocket {
            counts.add(Counter::LocalSocket(transport, port), 1);
        }
        counts
    }

    /// All that the program has counted.
    pub fn whole(snapshot: &Snapshot) -> Self {
        let mut counts = Self::default();
        for outcome in Outcome::ALL {
            counts.add_tally(outcome, &snapshot.outcome(outcome));
        }
        for reason in Malformed::ALL {
            counts.add(Counter::Reason(reason), snapshot.reason(reason));
        }
        for reason in TooDeep::ALL {
            counts.add_too_deep(reason, snapshot.too_deep(reason));
        }
        for shape in Shape::ALL {
            counts.add(Counter::Shape(shape), snapshot.shape(shape));
        }
        for (transport, port, counters) in snapshot.ports() {
            counts.add_port(transport, port, counters);
        }
        counts
    }

    /// These counts without what was there before.
    pub fn since(&self, before: &Self) -> Self {
        let mut counts = self.clone();
        for (counter, value) in &before.0 {
            let now = counts.0.get(counter).copied().unwrap_or(0);
            counts.0.insert(*counter, now.wrapping_sub(*value));
        }
        counts.0.retain(|_, value| *value != 0);
        counts
    }

    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(counter, value)| self.add(*counter, *value));
    }

    pub fn get(&self, counter: Counter) -> u64 {
        self.0.get(&counter).copied().unwrap_or(0)
    }

    /// The sum of all outcomes.
    pub fn frames(&self) -> u64 {
        Outcome::ALL.into_iter().map(|outcome| self.get(Counter::Frames(outcome))).sum()
    }

    fn add(&mut self, counter: Counter, value: u64) {
        if value != 0 {
            *self.0.entry(counter).or_default() += value;
        }
    }

    fn add_too_deep(&mut self, reason: TooDeep, [passed, dropped]: [u64; 2]) {
        self.add(Counter::TooDeep(reason, false), passed);
        self.add(Counter::TooDeep(reason, true), dropped);
    }

    fn add_tally(&mut self, outcome: Outcome, tally: &Tally) {
        self.add(Counter::Frames(outcome), tally.packets);
        self.add(Counter::FrameBytes(outcome), tally.bytes);
    }

    fn add_port(&mut self, transport: Transport, port: u16, counters: &PortCounters) {
        let PortCounters { passed: _, dropped, local_socket, last_seen: _ } = *counters;
        let probes = counters.probes();
        self.add(Counter::Packets(transport, port), probes.packets);
        self.add(Counter::Bytes(transport, port), probes.bytes);
        self.add(Counter::Dropped(transport, port), dropped.packets);
        self.add(Counter::LocalSocket(transport, port), local_socket);
    }
}

impl Debug for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(&self.0).finish()
    }
}

/// The totals and one port of every transport: what a frame to that port may change, without the
/// cost of a [`Snapshot`].
pub fn glance(counters: &Mapped<CpuCounters>, port: Option<u16>) -> Counts {
    let mut counts = Counts::default();
    for cpu in counters.elements() {
        for (index, tally) in mapped_read!(cpu, outcomes).iter().enumerate() {
            match Outcome::ALL.get(index) {
                Some(outcome) => counts.add_tally(*outcome, tally),
                None => counts.add(Counter::Padding("outcomes", index), tally.packets),
            }
        }
        for (index, value) in mapped_read!(cpu, reasons).into_iter().enumerate() {
            let padding = Counter::Padding("reasons", index);
            counts.add(Malformed::ALL.get(index).map_or(padding, |it| Counter::Reason(*it)), value);
        }
        for (index, values) in mapped_read!(cpu, too_deep).into_iter().enumerate() {
            match TooDeep::ALL.get(index) {
                Some(reason) => counts.add_too_deep(*reason, values),
                None => {
                    counts.add(Counter::Padding("too_deep", index), values.into_iter().sum());
                }
            }
        }
        for (index, value) in mapped_read!(cpu, shapes).into_iter().enumerate() {
            let padding = Counter::Padding("shapes", index);
            counts.add(Shape::ALL.get(index).map_or(padding, |it| Counter::Shape(*it)), value);
        }
        let Some(port) = port.filter(|port| *port < 1024) else { continue };
        for transport in Transport::ALL {
            let of_port = mapped_read!(cpu, ports[transport as usize][usize::from(port)]);
            counts.add_tally(Outcome::Probe, &of_port.passed);
            counts.add_tally(Outcome::Dropped, &of_port.dropped);
            counts.add_port(transport, port, &of_port);
        }
    }
    counts
}
