//! Event pipeline: events become alerts, and both go to the sinks.

mod records;
mod stamp;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::broadcast;

pub use records::{Next, Records};
pub use stamp::Identification;
use stamp::Stamp;

use crate::{
    event_log::EventLog,
    model::{
        AlertStats, PortId, ScanState, ScansState, SinkState,
        event::{Event, Probe, Record, Scan},
    },
    scan::{Detector, Limits},
    sink::{self, Counts, SinkError, SinkSpec, Sinks},
};

/// How long sinks that a reload leaves out may go on writing, and a replay waits for one that writes nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Scans that go on that a state lists, at most.
const MOST_SCANS: usize = 64;

/// Event pipeline.
pub struct Story {
    detector: Detector,
    stamp: Stamp,
    sinks: Sinks,
    log: Option<EventLog>,
    frame_bytes: usize,
    /// Whether it waits for sinks that are slow.
    is_patient: bool,
    alerts: u64,
    /// Readers of records in this process.
    readers: broadcast::Sender<Arc<Record>>,
    /// Lines for whoever runs this process.
    lines: Vec<String>,
    /// Counts after the sinks are closed.
    closed: Option<AlertStats>,
}

impl Story {
    /// Opens the sinks. Of each frame they keep the first `frame_bytes`.
    ///
    /// # Errors
    ///
    /// [`SinkError`]: one cannot be opened, and none is then.
    pub fn start(specs: &[SinkSpec], frame_bytes: usize) -> Result<Self, SinkError> {
        Ok(Self {
            detector: Detector::new(Limits::default()),
            stamp: Stamp::of_host(),
            sinks: Sinks::start(specs)?,
            log: None,
            frame_bytes,
            is_patient: false,
            alerts: 0,
            readers: broadcast::Sender::new(records::BEHIND),
            lines: Vec::new(),
            closed: None,
        })
    }

    /// Waits for sinks that are slow, and tells as many alerts as there are: of a capture, nothing need be lost.
    pub fn patient(self) -> Self {
        let limits = Limits { alerts_per_minute: u32::MAX, ..Limits::default() };
        let stamp = Stamp::of_capture();
        Self { is_patient: true, detector: Detector::new(limits), stamp, ..self }
    }

    /// Writes all further records to an event log, too.
    pub fn keep(&mut self, log: EventLog) {
        self.log = Some(log);
    }

    /// Goes on with other sinks; those that stay are left alone.
    ///
    /// # Errors
    ///
    /// [`SinkError`]: one cannot be opened; the old ones stay then.
    pub fn change(&mut self, specs: &[SinkSpec], frame_bytes: usize) -> Result<(), SinkError> {
        self.sinks.replace(specs, PATIENCE)?;
        self.frame_bytes = frame_bytes;
        Ok(())
    }

    /// Puts other parts of the policy into the records to come.
    pub fn identify(&mut self, identification: Identification) {
        self.stamp.identify(identification);
    }

    /// Whether the reader of a sink has gone for good: standard output was closed.
    pub fn is_closed(&self) -> bool {
        self.sinks.is_closed()
    }

    /// Opens the sinks' files anew: they may have been moved away.
    pub fn reopen(&self) {
        self.sinks.reopen();
    }

    /// Reports an event, and the scans that it ends.
    pub fn event(&mut self, event: impl Into<Event>) {
        match event.into() {
            Event::Probe(probe) => self.probe(*probe),
            event => self.alert(event),
        }
    }

    fn probe(&mut self, mut probe: Probe) {
        let scans = self.detector.note(&probe);
        probe.frame.truncate(self.frame_bytes);
        self.offer(probe.into());
        self.report_scans(scans);
    }

    /// Looks for scans that have come to an end by `now`, and those that have gone on for long.
    pub fn tick(&mut self, now: SystemTime) {
        let alerts = self.detector.tick(now);
        self.report_scans(alerts);
    }

    fn report_scans(&mut self, scans: impl IntoIterator<Item = Scan>) {
        for mut scan in scans {
            scan.sample.frame.truncate(self.frame_bytes);
            self.alert(scan.into());
        }
    }

    /// An alert that no sink takes, and news of port12 itself, are left to whoever runs this process.
    fn alert(&mut self, event: Event) {
        let is_for_operator = event.is_for_operator();
        self.alerts += u64::from(!is_for_operator);
        let takes = self.sinks.take_alerts();
        if is_for_operator || !takes {
            self.lines.push(sink::line(&event));
        }
        // Readers in this process have every record.
        self.offer(event);
    }

    /// Reports an event to the sinks alone.
    pub fn to_sinks(&mut self, event: impl Into<Event>) {
        self.offer(event.into());
    }

    fn offer(&mut self, event: Event) {
        let is_read = self.readers.receiver_count() > 0;
        if self.sinks.is_empty() && self.log.is_none() && !is_read {
            return;
        }
        let record = Arc::new(self.stamp.record(event));
        // It fails if nobody reads here, but in sinks.
        let _ = self.readers.send(Arc::clone(&record));
        if let Some(log) = &self.log {
            log.offer(&record);
        }
        match self.is_patient {
            true => self.sinks.offer_patiently(&record, PATIENCE),
            false => self.sinks.offer(&record),
        }
    }

    /// Records from now on, for another reader in this process.
    pub fn records(&self) -> Records {
        Records(self.readers.subscribe())
    }

    /// Lines for whoever runs this process, since the last call.
    pub fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Counts so far.
    pub fn report(&self) -> AlertStats {
        if let Some(report) = &self.closed {
            return report.clone();
        }
        AlertStats {
            emitted: self.alerts,
            rate_limited: self.detector.suppressed(),
            sinks: self.sinks.counts().map(|(spec, counts)| sink_state(spec, counts)).collect(),
            event_log: self.log.as_ref().map(EventLog::state),
        }
    }

    /// Scans that go on.
    pub fn scans_state(&self, now: SystemTime) -> ScansState {
        let (ongoing, more_ongoing) = self.detector.ongoing(now, MOST_SCANS);
        let state = |(scan, alerted): (Scan, bool)| ScanState {
            alert_id: self.stamp.alert_id(&scan.identity()),
            source: scan.source,
            interface: scan.sample.interface.to_string(),
            kind: scan.kind,
            slow: scan.is_slow,
            alerted,
            ports: scan.ports.into_iter().map(PortId::from).collect(),
            target_count: scan.targets.len(),
            events: scan.events,
            dropped: scan.dropped,
            first_seen: scan.first_seen,
            last_seen: scan.last_seen,
        };
        ScansState { ongoing: ongoing.into_iter().map(state).collect(), more_ongoing }
    }

    /// Tells of the scans that are under way, for it ends here.
    pub fn end(&mut self, now: SystemTime) {
        let alerts = self.detector.finish(now);
        self.report_scans(alerts);
    }

    /// Waits for the sinks and the event log to write what they have, for `patience` at most.
    pub fn close(&mut self, patience: Duration) {
        let mut report = self.report();
        let deadline = Instant::now() + patience;
        let sinks = std::mem::take(&mut self.sinks).finish(patience).into_iter();
        report.sinks = sinks.map(|(spec, counts)| sink_state(&spec, counts)).collect();
        let left = deadline.saturating_duration_since(Instant::now());
        report.event_log = self.log.take().map(|log| log.finish(left));
        self.closed = Some(report);
    }
}

fn sink_state(spec: &SinkSpec, counts: Counts) -> SinkState {
    SinkState { sink: spec.to_string(), written: counts.written, lost: counts.lost }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use port12_common::{Layer, Outcome, Shape, Transport};

    use super::*;
    use crate::model::event::Headers;

    fn probe(port: u16) -> Probe {
        Probe {
            time: SystemTime::UNIX_EPOCH,
            interface: Arc::from("eth0"),
            outcome: Outcome::Probe,
            transport: Transport::Tcp,
            shape: Shape::TcpSyn,
            source: [192, 0, 2, 1].into(),
            source_port: 40_000,
            port,
            is_first: true,
            length: 60,
            layer: Layer::Ethernet,
            headers: Headers::default(),
            frame: vec![0; 60],
        }
    }

    /// The alerts that are left to whoever runs the process, of a scan told to these sinks.
    fn untold(specs: &[SinkSpec]) -> usize {
        let mut story = Story::start(specs, 0).unwrap();
        for port in 0..20 {
            story.event(probe(port));
        }
        story.end(SystemTime::UNIX_EPOCH);
        assert_eq!(story.report().emitted, 1);
        let untold = story.lines().len();
        story.close(Duration::from_secs(60));
        untold
    }

    #[test]
    fn each_reader_has_every_record_or_the_number_that_it_lost() {
        let mut story = Story::start(&[], 0).unwrap();
        let (mut one, mut other) = (story.records(), story.records());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let port_of = |records: &mut Records| match runtime.block_on(records.next()) {
            Some(Next::Record(it)) => match &it.event {
                Event::Probe(probe) => Ok(probe.port),
                other => panic!("{other:?}"),
            },
            Some(Next::Lost(lost)) => Err(lost),
            None => panic!("the stream has ended"),
        };
        story.event(probe(1));
        assert_eq!((port_of(&mut one), port_of(&mut other)), (Ok(1), Ok(1)));
        for _ in 0..records::BEHIND + 10 {
            story.offer(probe(2).into());
        }
        assert_eq!((port_of(&mut one), port_of(&mut one)), (Err(10), Ok(2)));
        drop(story);
    }

    #[test]
    fn an_alert_that_no_sink_takes_is_told_to_whoever_runs_this() {
        let directory = tempfile::tempdir().unwrap();
        let sink = |kind: &str| -> SinkSpec {
            format!("{kind}:{}", directory.path().join(kind).display()).parse().unwrap()
        };
        assert_eq!(untold(&[]), 1);
        assert_eq!(untold(&[sink("pcapng"), sink("portsentry")]), 1);
        assert_eq!(untold(&[sink("pcapng"), sink("eve")]), 0);
    }
}
