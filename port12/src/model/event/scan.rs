//! A scan.

mod kind;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use port12_common::Transport;

use super::{
    Description, Fields, Kind, Probe, SCAN, SCAN_END, Severity, Subject, Value,
    description::Urgency, ports, process::named,
};
use crate::text::{time, words::counted};

pub use kind::ScanKind;

/// One scan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scan {
    /// When it is told.
    pub time: SystemTime,
    /// Source of the scan.
    pub source: IpAddr,
    /// Kind of the scan.
    pub kind: ScanKind,
    /// Whether it takes its time: most ports were touched half a minute or more after the one before.
    pub is_slow: bool,
    /// Whether this is the end of a scan that was told of before, while it went on. It tells the whole
    /// scan again.
    pub is_end: bool,
    /// The ports that it touched, all of them.
    pub ports: BTreeSet<(Transport, u16)>,
    /// The addresses that it touched: the first 32 of those that are known.
    pub targets: BTreeSet<IpAddr>,
    /// Touches of addresses beyond those.
    pub further_touches: u64,
    /// Touches that were told.
    pub events: u64,
    /// Those whose frame was dropped.
    pub dropped: u64,
    /// Earliest time of a probe when the source was recognised as a scan. The alerts of one scan share it.
    pub began: SystemTime,
    /// The earliest time of a touch.
    pub first_seen: SystemTime,
    /// The latest time of a touch.
    pub last_seen: SystemTime,
    /// One of its touches: the one that came last.
    pub sample: Probe,
}

/// Targets of a scan that are listed.
const TARGETS: usize = 64;

/// Ranges of ports among the texts of a document; its context has all ports.
const RANGES: usize = 32;

/// Ranges of ports that the line names.
const SHOWN_RANGES: usize = 8;

impl Kind for Scan {
    fn describe(&self) -> Description {
        let signature = if self.is_end { &SCAN_END } else { &SCAN };
        let mut description = Description::new(signature, self.time);
        if self.is_end {
            // The scan was reported before.
            description.urgency = Urgency::Notice;
        }
        description.severity_if_internal = Some(Severity::High);
        description.tuple = self.sample.tuple();
        description.is_dropped = self.sample.is_dropped();
        self.add_fields(&mut description.fields);
        description
    }

    /// `eth0 TCP SYN scan from 192.0.2.1: 284 ports of 1 address in 12s, 284 events, 284 dropped:
    /// tcp/4,6,8 and 281 more`.
    fn line(&self) -> String {
        let end = if self.is_end { "end of a " } else { "" };
        let slow = if self.is_slow { "slow " } else { "" };
        let length = time::between(self.first_seen, self.last_seen);
        // Tenths of a second are enough, and a day does not need them.
        let length = Duration::from_millis(length.as_millis() as u64 / 100 * 100);
        format!(
            "{} {end}{slow}{} from {}: {} of {} in {}, {}, {} dropped: {}",
            named(&self.sample.interface),
            self.kind.phrase(),
            self.source,
            counted(self.ports.len() as u64, "port", "ports"),
            counted(self.targets.len() as u64, "address", "addresses"),
            humantime::format_duration(length),
            counted(self.events, "event", "events"),
            self.dropped,
            ports::ranges(&self.ports, SHOWN_RANGES),
        )
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            interface: Some(&self.sample.interface),
            source: Some(self.source),
            alert: Some(self.identity()),
            ..Subject::default()
        }
    }
}

impl Scan {
    /// Text from which the id of its alerts is made.
    pub fn identity(&self) -> String {
        format!("scan {} {}", self.source, time::since_epoch(self.began).as_nanos())
    }

    fn add_fields(&self, fields: &mut Fields) {
        let sample = &self.sample;
        let listed = ports::listed(&self.ports).into_iter();
        let listed = listed.map(|(transport, ports)| (transport, ports.into()));
        let targets: Vec<IpAddr> = self.targets.iter().copied().take(TARGETS).collect();
        let length = time::between(self.first_seen, self.last_seen).as_millis();
        fields.add("interface", sample.interface.to_string()).journal();
        fields.add("source", self.source).context().journal().message("SRC");
        fields.add("source_port", sample.source_port).journal();
        fields.add("destination", sample.headers.destination).journal();
        fields.add("transport", sample.transport.as_str()).journal();
        fields.add("port", sample.port).journal();
        fields.add("verdict", sample.outcome.verdict().as_str()).journal();
        fields.add("scan", self.kind.as_str()).context().metadata().journal().message("SCAN");
        fields.add("slow", self.is_slow).context().journal();
        fields.add("end", self.is_end).context();
        fields.add("pace", if self.is_slow { "slow" } else { "fast" }).metadata();
        fields.add("port_count", self.ports.len()).context().journal().message("PORTS");
        fields.add("ports", Value::object(listed)).context();
        fields.add("ports", ports::ranges(&self.ports, RANGES)).metadata();
        fields.add("ports", ports::ranges(&self.ports, usize::MAX)).journal();
        fields.add("target_count", self.targets.len()).context().journal().message("TARGETS");
        fields.add("targets", targets).context();
        fields.add("events", self.events).context().journal().message("EVENTS");
        fields.add("dropped", self.dropped).context().journal().message("DROPPED");
        fields.add("first_seen", self.first_seen).context().journal();
        fields.add("last_seen", self.last_seen).context().journal();
        fields.add("duration_ms", u64::try_from(length).unwrap_or(u64::MAX)).context();
    }
}
