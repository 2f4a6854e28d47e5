//! What a report says, whatever it looks like.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use port12_common::{Malformed, Outcome, Shape, TooDeep, Transport, abi::Tally};
use serde::{Deserialize, Serialize};

use super::OutboundReport;
use crate::{
    kernel::{banning::Deeds, clock::Timeline, events::Told, not_dropped::NotDropped},
    ledger::Ledger,
    snapshot::Snapshot,
    text::time,
};

/// Whether a report closes an interval or everything.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Rates over the last interval.
    Interval,
    /// The last report: rates over the whole run.
    Totals,
}

/// One report: counts since the start, rates over its period.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// `interval` or `totals`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When the period ended.
    #[serde(with = "time")]
    pub time: SystemTime,
    /// Seconds since the start.
    pub elapsed_seconds: f64,
    /// Seconds that the rates are over.
    pub period_seconds: f64,
    /// `monitor` or `drop`, as asked for.
    pub mode: &'static str,
    /// The date of the registry whose unassigned ports are watched.
    pub registry_date: String,
    /// In the order they were asked for.
    pub interfaces: Vec<InterfaceReport>,
    /// The unassigned ports that were hit since the start, by interface, transport and number.
    pub ports: Vec<PortReport>,
    /// Who knocked, where that is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<SourcesReport>,
    /// What this host started, where that is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound: Option<OutboundReport>,
    /// What was told of them, where there is somebody who tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldReport>,
    /// What was read, in the last report of a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
}

/// A replayed capture.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Capture {
    /// `pcap` or `pcapng`.
    pub format: &'static str,
    /// Frames that were read. Those that were not cut are the sum of the outcomes.
    pub frames: u64,
    /// Frames without the headers that the decision needs, for the snap length.
    pub cut: u64,
    /// Frames that the kernel's test-run refuses, and the classifier took in this process.
    pub user_engine: u64,
    /// Frames that were not read, by link type.
    pub refused: BTreeMap<String, u64>,
    /// `complete`, or where and why reading ended.
    pub end: String,
}

/// What was told of those who knocked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ToldReport {
    /// Alerts that were told.
    pub alerts: u64,
    /// Alerts that were not, since there were too many in a minute.
    pub suppressed: u64,
    /// Where events and alerts go.
    pub sinks: Vec<SinkReport>,
}

/// A sink.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SinkReport {
    /// What and where it is, as in the policy file.
    pub sink: String,
    /// Events and alerts that it has written.
    pub written: u64,
    /// Those that it has not: it was too slow, or could not be written to.
    pub lost: u64,
}

/// Who knocked, over all interfaces.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct SourcesReport {
    /// How many sources are remembered.
    pub remembered: usize,
    /// How many were forgotten, for want of room.
    pub forgotten: u64,
    /// Those with the most probes, ten at most.
    pub top: Vec<SourceReport>,
}

/// A source.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SourceReport {
    /// Its address.
    pub source: IpAddr,
    /// Probes that were seen of it, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// When the first of them came.
    #[serde(with = "time")]
    pub first_seen: SystemTime,
    /// When the last of them came.
    #[serde(with = "time")]
    pub last_seen: SystemTime,
    /// How many ports it touched.
    pub ports: usize,
}

impl SourcesReport {
    /// Those with the most probes.
    const TOP: usize = 10;

    /// What a ledger remembers, with the times of day of a timeline.
    pub fn of(ledger: &Ledger, timeline: &Timeline) -> Self {
        let top = ledger.top(Self::TOP).into_iter();
        Self {
            remembered: ledger.len(),
            forgotten: ledger.forgotten,
            top: top
                .map(|(source, remembered)| SourceReport {
                    source,
                    packets: remembered.tally.packets,
                    bytes: remembered.tally.bytes,
                    first_seen: timeline.wall_at(remembered.first_seen),
                    last_seen: timeline.wall_at(remembered.last_seen),
                    ports: remembered.touched.count(),
                })
                .collect(),
        }
    }
}

/// Frames and bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tallied {
    /// Frames.
    pub packets: u64,
    /// Bytes of those frames.
    pub bytes: u64,
}

impl From<Tally> for Tallied {
    fn from(tally: Tally) -> Self {
        Self { packets: tally.packets, bytes: tally.bytes }
    }
}

/// What an interface is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Link {
    /// Its name.
    pub interface: String,
    /// `native`, `generic`, or the name of the engine of a replay.
    pub xdp_mode: String,
    /// Whose packets and bytes are counted: the `driver`'s; the `stack`'s, after GRO and without
    /// VLAN tags, in generic mode; or the `capture`'s.
    pub counted_at: &'static str,
    /// Why a probe may have a taker behind this host, where it forwards.
    pub forwarding: Option<String>,
    /// The transports whose probes drop mode passes here, if there are any.
    pub not_dropped: Option<NotDropped>,
    /// `monitor` or `drop`: what the program makes of probes.
    pub mode: &'static str,
    /// The program's name in the kernel.
    pub program: String,
    /// The link's speed in bit/s, where the kernel knows it.
    pub speed_bits_per_second: Option<u64>,
    /// Whether the interface has vanished.
    pub gone: bool,
}

/// One interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InterfaceReport {
    /// What it is.
    #[serde(flatten)]
    pub link: Link,
    /// All frames since the start: the sum of the outcomes.
    pub frames: Tallied,
    /// Frames per second over the period.
    pub frames_per_second: f64,
    /// Bits per second over the period: whole frames, without preamble and gap.
    pub bits_per_second: f64,
    /// The share of the link's speed, 0 to 1, where the speed is known.
    pub utilization: Option<f64>,
    /// Frames and bytes of each outcome, zeros too.
    #[serde(borrow)]
    pub outcomes: BTreeMap<&'static str, Tallied>,
    /// Malformed frames by reason; only reasons that occurred.
    #[serde(borrow)]
    pub malformed: BTreeMap<&'static str, u64>,
    /// Packets with too many headers, by reason; only reasons that occurred.
    #[serde(borrow)]
    pub too_deep: BTreeMap<&'static str, Excess>,
    /// Probes by how they start; only shapes that occurred.
    #[serde(borrow)]
    pub shapes: BTreeMap<&'static str, u64>,
    /// What became of the events that were due.
    pub events: Told,
    /// Whom the program banned by itself, and what came in between.
    pub bans: Deeds,
}

/// Packets with too many headers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Excess {
    /// Packets, dropped ones included.
    pub packets: u64,
    /// Packets that were dropped.
    pub dropped: u64,
}

impl From<[u64; 2]> for Excess {
    fn from([passed, dropped]: [u64; 2]) -> Self {
        Self { packets: passed + dropped, dropped }
    }
}

/// One unassigned port on one interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortReport {
    /// The interface's name.
    pub interface: String,
    /// `tcp`, `udp`, `udplite`, `sctp`, `dccp`.
    pub transport: &'static str,
    /// The port.
    pub port: u16,
    /// Probes since the start, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Probes that were dropped.
    pub dropped: u64,
    /// Conversation starts that a local socket was there for; not among `packets`.
    pub local_socket: u64,
    /// Probes per second over the period.
    pub packets_per_second: f64,
    /// Bits of probes per second over the period.
    pub bits_per_second: f64,
    /// When the last one came.
    #[serde(with = "time")]
    pub last_seen: SystemTime,
    /// What the port is.
    pub description: String,
    /// Whether the policy expects a listener there.
    #[serde(default)]
    pub expected: bool,
}

/// A stretch of counting on one interface.
#[derive(Clone, Copy, Debug)]
pub struct Period<'a> {
    /// The counters when it began.
    pub before: &'a Snapshot,
    /// The counters when it ended.
    pub after: &'a Snapshot,
    /// How long it was.
    pub length: Duration,
    /// The times of day until it ended.
    pub timeline: &'a Timeline,
}

impl Period<'_> {
    fn per_second(&self, before: u64, after: u64) -> f64 {
        let seconds = self.length.as_secs_f64();
        if seconds > 0.0 { after.saturating_sub(before) as f64 / seconds } else { 0.0 }
    }

    /// The interface's report.
    pub fn interface(&self, link: &Link) -> InterfaceReport {
        let (before, after) = (self.before.frames(), self.after.frames());
        let bits_per_second = self.per_second(before.bytes, after.bytes) * 8.0;
        InterfaceReport {
            link: link.clone(),
            frames: after.into(),
            frames_per_second: self.per_second(before.packets, after.packets),
            bits_per_second,
            utilization: link
                .speed_bits_per_second
                .filter(|&speed| speed > 0)
                .map(|speed| bits_per_second / speed as f64),
            outcomes: Outcome::ALL
                .into_iter()
                .map(|outcome| (outcome.as_str(), self.after.outcome(outcome).into()))
                .collect(),
            malformed: Malformed::ALL
                .into_iter()
                .map(|reason| (reason.as_str(), self.after.reason(reason)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            too_deep: TooDeep::ALL
                .into_iter()
                .map(|reason| (reason.as_str(), Excess::from(self.after.too_deep(reason))))
                .filter(|(_, excess)| excess.packets > 0)
                .collect(),
            shapes: Shape::ALL
                .into_iter()
                .map(|shape| (shape.as_str(), self.after.shape(shape)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            events: self.after.told(),
            bans: self.after.deeds(),
        }
    }

    /// The reports of the ports that were hit; `describe` tells what a port is,
    /// `is_expected` whether the policy expects a listener there.
    pub fn ports(
        &self,
        link: &Link,
        describe: impl Fn(Transport, u16) -> String,
        is_expected: impl Fn(Transport, u16) -> bool,
    ) -> Vec<PortReport> {
        let port =
            |(transport, port, counters): (Transport, u16, &port12_common::abi::PortCounters)| {
                let before = self.before.port(transport, port).probes();
                let probes = counters.probes();
                PortReport {
                    interface: link.interface.clone(),
                    transport: transport.as_str(),
                    port,
                    packets: probes.packets,
                    bytes: probes.bytes,
                    dropped: counters.dropped.packets,
                    local_socket: counters.local_socket,
                    packets_per_second: self.per_second(before.packets, probes.packets),
                    bits_per_second: self.per_second(before.bytes, probes.bytes) * 8.0,
                    last_seen: self.timeline.wall_at(counters.last_seen),
                    description: describe(transport, port),
                    expected: is_expected(transport, port),
                }
            };
        self.after.ports().map(port).collect()
    }
}
