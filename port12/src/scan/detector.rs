//! Source of the scan.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    time::{Duration, SystemTime},
};

use port12_common::abi::PORTS;

use super::{Scan, budget::Budget, clock::Clock, source::Source};
use crate::event::Probe;

/// A scan that goes on, and that there were too many alerts to tell of, is tried again after this.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Scans that wait to be told, at most: many small ones do not take the place of a large one.
const MOST_WAITING: usize = 256;

/// How much a [`Detector`] remembers and tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Sources that are followed. One that touched a port takes half a kibibyte, and none more than 3.
    pub sources: usize,
    /// Alerts that are told in a minute, and at once.
    pub alerts_per_minute: u32,
}

impl Default for Limits {
    /// 65,536 sources, which take 35 MiB where each has come once, and 190 MiB where each has touched every
    /// port; 60 alerts a minute.
    fn default() -> Self {
        Self { sources: 65_536, alerts_per_minute: 60 }
    }
}

/// Finds scans among events.
///
/// It goes by the times that it is told. Those may be out of order by up to a minute; the clock may be set.
/// A time that lies further back, or far ahead, ends scans too soon or too late, and nothing else.
#[derive(Debug)]
pub struct Detector {
    capacity: usize,
    clock: Clock,
    sources: HashMap<IpAddr, Box<Source>>,
    /// When each scan that goes on is to be looked at.
    due: BTreeSet<(Duration, IpAddr)>,
    budget: Budget,
    /// Scans that are over, for which there was no alert left; the largest are told first.
    waiting: BTreeMap<(u64, u64), Scan>,
    /// How many have waited.
    waited: u64,
    suppressed: u64,
    forgotten: u64,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Detector {
    /// One that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Self {
            capacity: limits.sources,
            clock: Clock::default(),
            sources: HashMap::new(),
            due: BTreeSet::new(),
            budget: Budget::new(limits.alerts_per_minute),
            waiting: BTreeMap::new(),
            waited: 0,
            suppressed: 0,
            forgotten: 0,
        }
    }

    /// Takes note of an event; one of a port above 1023 is ignored. Returns what has to be told before it:
    /// an earlier scan of the same source, or scans that have to make room.
    pub fn note(&mut self, event: &Probe) -> Vec<Scan> {
        let now = self.clock.advance(event.time);
        let mut alerts = Vec::new();
        if usize::from(event.port) >= PORTS {
            return alerts;
        }
        if self.sources.get(&event.source).is_some_and(|source| source.is_over(now)) {
            alerts.extend(self.end(event.source, event.time, now));
        }
        let source =
            self.sources.entry(event.source).or_insert_with(|| Box::new(Source::new(event, now)));
        source.note(event, now);
        if source.is_due_sooner() {
            self.schedule(event.source);
        }
        if self.sources.len() > self.capacity {
            alerts.extend(self.forget(event.time, now));
        }
        alerts
    }

    /// Returns what has come to an end by a time, and what has gone on for ten minutes. To be called once a
    /// second or so, with the time of the clock that events go by: one that differs from it by more than a
    /// minute makes time run faster.
    pub fn tick(&mut self, time: SystemTime) -> Vec<Scan> {
        let now = self.clock.advance(time);
        let due = self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, address)| *address);
        let due = self.most_first(due.collect());
        let mut alerts = self.tell_waiting(now);
        alerts.extend(due.into_iter().filter_map(|address| self.look(address, time, now)));
        alerts
    }

    /// Returns the scans that go on when the run or the capture ends, as many as may be told. Nothing is
    /// remembered after it.
    pub fn finish(&mut self, time: SystemTime) -> Vec<Scan> {
        let now = self.clock.advance(time);
        let scans = self.due.iter().map(|(_, address)| *address).collect();
        let mut alerts = self.end_all(scans, time, now);
        alerts.extend(self.tell_waiting(now));
        self.suppressed += self.waiting.len() as u64;
        self.waiting.clear();
        self.sources.clear();
        alerts
    }

    /// Scans that go on at a time, the largest first, `most` at most; each with whether an alert was emitted. Also the
    /// number of the others.
    pub fn ongoing(&self, time: SystemTime, most: usize) -> (Vec<(Scan, bool)>, usize) {
        let mut scans: Vec<IpAddr> = self.due.iter().map(|(_, address)| *address).collect();
        let more = scans.len().saturating_sub(most);
        if more > 0 {
            let extent = |address: &IpAddr| self.sources.get(address).map(|it| it.extent());
            scans.select_nth_unstable_by_key(most, |address| Reverse(extent(address)));
            scans.truncate(most);
        }
        let scan = |address: IpAddr| {
            let source = self.sources.get(&address)?;
            Some((source.snapshot(time, address)?, source.is_alerted()))
        };
        (self.most_first(scans).into_iter().filter_map(scan).collect(), more)
    }

    /// Alerts that were not told: there were more than [`Limits::alerts_per_minute`].
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Sources that were forgotten because there were more than [`Limits::sources`].
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Sources that are followed.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Looks at a scan: whether it is over, or has to be told while it goes on.
    fn look(&mut self, address: IpAddr, time: SystemTime, now: Duration) -> Option<Scan> {
        let source = self.sources.get_mut(&address)?;
        if source.is_over(now) {
            return self.end(address, time, now);
        }
        let scan = source.scan.as_mut()?;
        let mut alert = None;
        if scan.told.is_none() && scan.tell_at <= now {
            if self.budget.take(now) {
                alert = source.alert(time, address);
                source.was_told();
            } else {
                scan.tell_at = now.saturating_add(TRIED_AGAIN_AFTER);
            }
        }
        self.schedule(address);
        alert
    }

    /// Writes down when a scan is to be looked at next.
    fn schedule(&mut self, address: IpAddr) {
        let Some(source) = self.sources.get_mut(&address) else {
            return;
        };
        let next = source.next_look();
        if let (Some(scan), Some(next)) = (&mut source.scan, next) {
            self.due.remove(&(scan.due, address));
            scan.due = next;
            self.due.insert((next, address));
        }
    }

    /// Forgets a source, and returns what there is to tell of it.
    fn end(&mut self, address: IpAddr, time: SystemTime, now: Duration) -> Option<Scan> {
        let source = self.sources.remove(&address)?;
        self.due.remove(&(source.scan.as_ref()?.due, address));
        let alert = source.alert(time, address)?;
        if self.waiting.is_empty() && self.budget.take(now) {
            return Some(alert);
        }
        self.waited += 1;
        self.waiting.insert((source.extent(), u64::MAX - self.waited), alert);
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
            self.suppressed += 1;
        }
        None
    }

    /// The largest of those that wait, as many as may be told.
    fn tell_waiting(&mut self, now: Duration) -> Vec<Scan> {
        let mut alerts = Vec::new();
        while !self.waiting.is_empty() && self.budget.take(now) {
            alerts.extend(self.waiting.pop_last().map(|(_, alert)| alert));
        }
        alerts
    }

    fn end_all(&mut self, scans: Vec<IpAddr>, time: SystemTime, now: Duration) -> Vec<Scan> {
        let scans = self.most_first(scans);
        scans.into_iter().filter_map(|address| self.end(address, time, now)).collect()
    }

    /// Those who touched most come first: where not all can be told, the others are suppressed.
    fn most_first(&self, mut scans: Vec<IpAddr>) -> Vec<IpAddr> {
        scans.sort_by_cached_key(|address| {
            (Reverse(self.sources.get(address).map(|it| it.extent())), *address)
        });
        scans
    }

    /// Makes room, an eighth at once.
    fn forget(&mut self, time: SystemTime, now: Duration) -> Vec<Scan> {
        let keep = self.capacity - self.capacity / 8;
        let Some(excess) = self.sources.len().checked_sub(keep).filter(|excess| *excess > 0) else {
            return Vec::new();
        };
        let mut all: Vec<_> =
            self.sources.iter().map(|(address, source)| (source.rank(now), *address)).collect();
        all.select_nth_unstable(excess - 1);
        all.truncate(excess);
        self.forgotten += all.iter().filter(|(rank, _)| rank.is_current).count() as u64;
        let (scans, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(rank, _)| rank.is_scan);
        for (_, address) in others {
            self.sources.remove(&address);
        }
        self.end_all(scans.into_iter().map(|(_, address)| address).collect(), time, now)
    }
}
