//! Record of a source.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use port12_common::Shape;

use super::{
    Scan, ScanKind,
    answer::is_answer,
    pace::{MOST_PATIENCE, Pace},
    ports::Ports,
    score::{self, Breadth, Persistence},
    targets::Targets,
};
use crate::event::Probe;

/// A scan that goes on is told when this has passed since it became one.
const TOLD_AFTER: Duration = Duration::from_secs(10 * 60);

/// A touch that comes so long after the one before is slow. Where every fourth port is watched, most touches
/// of nmap's `-T1` are, and those of `-T2` are not.
const SLOW_GAP: Duration = Duration::from_secs(30);

/// A source, from its first touch on.
#[derive(Debug)]
pub struct Source {
    first_seen: SystemTime,
    last_seen: SystemTime,
    /// The running time of the last touch.
    last: Duration,
    pace: Pace,
    /// Ports and addresses that it probed.
    breadth: Breadth,
    /// How long it goes on.
    persistence: Persistence,
    /// Touched by what may be a probe.
    probed: Ports,
    /// Touched by an answer, before any probe.
    answered: Ports,
    targets: Targets,
    /// Touches of something new, by shape.
    shapes: [u16; Shape::ALL.len()],
    /// When the last new port was touched.
    last_new: Duration,
    /// New ports after a long gap.
    slow: u16,
    events: u64,
    dropped: u64,
    /// The scan that it has become.
    pub scan: Option<Box<ScanState>>,
}

/// A scan that goes on.
#[derive(Debug)]
pub struct ScanState {
    /// When it is to be looked at.
    pub due: Duration,
    /// When it is told, where it is not over before.
    pub tell_at: Duration,
    /// Earliest time of a probe when it became a scan.
    pub began: SystemTime,
    /// How many events it had when it was told.
    pub told: Option<u64>,
    /// Its last touch.
    sample: Probe,
}

/// Order in which sources are forgotten: the least first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Rank {
    pub is_scan: bool,
    /// Whether it has not come to an end.
    pub is_current: bool,
    /// In thousandths of a point.
    score: u64,
    /// The running time of the last touch.
    last: Duration,
}

impl Source {
    /// One that has touched nothing yet.
    pub fn new(event: &Probe, now: Duration) -> Self {
        Self {
            first_seen: event.time,
            last_seen: event.time,
            last: now,
            pace: Pace::default(),
            breadth: Breadth::new(now),
            persistence: Persistence::new(now),
            probed: Ports::default(),
            answered: Ports::default(),
            targets: Targets::default(),
            shapes: [0; Shape::ALL.len()],
            last_new: now,
            slow: 0,
            events: 0,
            dropped: 0,
            scan: None,
        }
    }

    /// Takes note of a touch.
    pub fn note(&mut self, event: &Probe, now: Duration) {
        let is_new = self.touch(event, now);
        self.pace.note(now.saturating_sub(self.last), is_new);
        self.last = now;
        self.first_seen = self.first_seen.min(event.time);
        self.last_seen = self.last_seen.max(event.time);
        self.events += 1;
        self.dropped += u64::from(event.is_dropped());
        if let Some(scan) = &mut self.scan {
            scan.sample = event.clone();
        } else if self.level(now) >= score::THRESHOLD {
            let tell_at = now.saturating_add(TOLD_AFTER);
            self.scan = Some(Box::new(ScanState {
                due: Duration::MAX,
                began: self.first_seen,
                tell_at,
                told: None,
                sample: event.clone(),
            }));
        }
    }

    /// Weighs a touch. Returns whether it is one of something new.
    fn touch(&mut self, event: &Probe, now: Duration) -> bool {
        let (transport, port) = (event.transport, event.port);
        let is_known = |ports: &Ports| ports.contains(transport, port);
        let is_new_port = !is_known(&self.probed) && !is_known(&self.answered);
        let is_first_target = self.targets.len() == 0;
        let is_new_target = event.headers.destination.is_some_and(|it| self.targets.note(it));
        let mut points = if is_new_target && !is_first_target { score::TARGET } else { 0.0 };
        if is_answer(event) {
            if is_new_port {
                self.answered.insert(transport, port);
                points = score::ANSWER;
            } else {
                points = 0.0;
            }
        } else {
            if self.probed.insert(transport, port) {
                points += score::PORT;
            }
            let gap = now.saturating_sub(self.persistence.at);
            self.persistence.add(score::going_on(gap), now);
        }
        if points > 0.0 {
            self.breadth.add(points, now);
        }
        let is_new = is_new_port || is_new_target;
        if is_new_port {
            self.slow += u16::from(now.saturating_sub(self.last_new) >= SLOW_GAP);
            self.last_new = now;
        }
        if is_new {
            self.shapes[event.shape as usize] += 1;
        }
        is_new
    }

    /// Its score.
    pub fn level(&self, now: Duration) -> f64 {
        self.breadth.level(now) + self.persistence.level(now)
    }

    /// Its rank among those who are forgotten where there is no room for all.
    pub fn rank(&self, now: Duration) -> Rank {
        Rank {
            is_scan: self.scan.is_some(),
            is_current: !self.is_over(now),
            score: (self.level(now) * 1000.0) as u64,
            last: self.last,
        }
    }

    /// When it has been quiet for so long that what comes after is something else.
    fn ends_at(&self) -> Duration {
        let patience = if self.scan.is_some() { self.pace.patience() } else { MOST_PATIENCE };
        self.last.saturating_add(patience)
    }

    /// Whether it has come to an end.
    pub fn is_over(&self, now: Duration) -> bool {
        self.ends_at() <= now
    }

    /// When its scan is to be looked at again, where it is one.
    pub fn next_look(&self) -> Option<Duration> {
        let scan = self.scan.as_ref()?;
        let ends_at = self.ends_at();
        Some(if scan.told.is_none() { ends_at.min(scan.tell_at) } else { ends_at })
    }

    /// Whether its scan is to be looked at before that was to be done. What makes it later need not be known
    /// before.
    pub fn is_due_sooner(&self) -> bool {
        self.scan.as_ref().zip(self.next_look()).is_some_and(|(scan, next)| next < scan.due)
    }

    /// How much it touched, for what is told first.
    pub fn extent(&self) -> u64 {
        u64::from(self.probed.len()) + self.targets.len() as u64
    }

    /// What is to be told of its scan, where there is one, and anything that was not told before.
    pub fn alert(&self, time: SystemTime, source: IpAddr) -> Option<Scan> {
        let is_news = self.scan.as_ref()?.told != Some(self.events);
        if is_news { self.snapshot(time, source) } else { None }
    }

    /// The scan so far; `None` if it is no scan.
    pub fn snapshot(&self, time: SystemTime, source: IpAddr) -> Option<Scan> {
        let scan = self.scan.as_ref()?;
        let ports: BTreeSet<_> = self.probed.iter().chain(self.answered.iter()).collect();
        Some(Scan {
            time,
            source,
            kind: self.kind(),
            is_slow: usize::from(self.slow) * 2 > ports.len(),
            is_end: scan.told.is_some(),
            ports,
            targets: self.targets.set(),
            further_touches: self.targets.further_touches,
            events: self.events,
            dropped: self.dropped,
            began: scan.began,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            sample: scan.sample.clone(),
        })
    }

    /// Whether an alert of its scan was emitted.
    pub fn is_alerted(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.told.is_some())
    }

    /// Takes note that an alert was told.
    pub fn was_told(&mut self) {
        if let Some(scan) = &mut self.scan {
            scan.told = Some(self.events);
        }
    }

    fn kind(&self) -> ScanKind {
        let ports = score::PORT * f64::from(self.probed.len());
        let answered = score::ANSWER * f64::from(self.answered.len());
        let targets = score::TARGET * self.targets.len().saturating_sub(1) as f64;
        if ports + answered + targets < score::THRESHOLD {
            return ScanKind::Persistent;
        }
        let all: u32 = self.shapes.iter().copied().map(u32::from).sum();
        let is_most = |shape: &Shape| u32::from(self.shapes[*shape as usize]) * 5 >= all * 4;
        Shape::ALL.into_iter().find(is_most).map_or(ScanKind::Mixed, ScanKind::from)
    }
}
