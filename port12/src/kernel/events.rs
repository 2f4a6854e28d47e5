//! Event records of one program instance.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aya::maps::{Map, MapData, MapError, RingBuf};
use port12_common::{
    Layer,
    abi::{Budget, CpuCounters, EVENT, EVENT_FRAME, EventRecord, Telling},
};
use zerocopy::FromBytes as _;

use super::mapped::{Mapped, MappedMut};
use crate::{
    event::{Headers, Probe},
    host::time::since_boot,
    mapped_read, mapped_write,
    model::EventStats,
};

/// Seconds after which a source that goes on is told of again.
pub const AGAIN: u32 = 10;

/// Events of sources with a slot that a CPU tells at once. A scan of every watched port with eight decoys is
/// 2,556.
const KNOWN: u64 = 4096;

/// Events of newcomers that a CPU tells at once.
const NEWCOMERS: u64 = 1024;

/// Events of sources with a slot that all CPUs tell in a second from then on: as EVE, a fifth of a megabyte.
const KNOWN_PER_SECOND: u64 = 256;

/// The same of newcomers.
const NEWCOMERS_PER_SECOND: u64 = 64;

/// Least number of events of a CPU a second, with any number of CPUs.
const LEAST_PER_SECOND: u64 = 8;

/// Jiffies after which a source that goes on is told of again.
pub(super) fn again(hz: u32) -> u32 {
    AGAIN * hz
}

/// Fills the budgets of a program that has seen no frame.
pub(super) fn prepare(counters: &MappedMut<CpuCounters>, hz: u32) {
    let cpus = (counters.len() as u64).max(1);
    let budget = |burst: u64, per_second: u64| Budget {
        tokens: burst * EVENT,
        filled: 0,
        rate: (per_second / cpus).max(LEAST_PER_SECOND) * EVENT / u64::from(hz.max(1)),
        burst: burst * EVENT,
    };
    let telling = Telling {
        known: budget(KNOWN, KNOWN_PER_SECOND),
        newcomers: budget(NEWCOMERS, NEWCOMERS_PER_SECOND),
        ..Telling::default()
    };
    for cpu in counters.elements_mut() {
        mapped_write!(cpu, telling => telling);
    }
}

/// Counts of event records, over all CPUs.
pub fn stats(counters: &Mapped<CpuCounters>) -> EventStats {
    let mut sum = EventStats::default();
    for cpu in counters.elements() {
        sum.emitted += mapped_read!(cpu, telling.told);
        sum.rate_limited += mapped_read!(cpu, telling.suppressed);
        sum.lost += mapped_read!(cpu, telling.lost);
    }
    sum
}

/// The ring buffer of an instance, in this process's memory.
pub struct EventRing(RingBuf<MapData>);

impl EventRing {
    /// Maps a ring buffer.
    ///
    /// # Errors
    ///
    /// [`MapError`].
    pub fn new(map: MapData) -> Result<Self, MapError> {
        RingBuf::try_from(Map::from_map_data(map)?).map(Self)
    }

    /// The next event, with the interface by the name that `reader` gives it. A record that is none is
    /// skipped: it is of another version.
    pub fn next(&mut self, reader: &Reading) -> Option<Probe> {
        loop {
            let record = self.0.next()?;
            if let Some(event) = reader.event(&record) {
                return Some(event);
            }
        }
    }
}

/// How records are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The name of the interface.
    pub interface: Arc<str>,
    /// Layer of the first byte of a frame.
    pub layer: Layer,
    /// When the machine booted, by the time of day and as if it had not been set since.
    boot: SystemTime,
}

impl Reading {
    /// From now on: the time of day is the present one's.
    pub fn new(interface: &str, layer: Layer) -> Self {
        let now = SystemTime::now();
        let boot = now.checked_sub(since_boot()).unwrap_or(SystemTime::UNIX_EPOCH);
        Self { interface: interface.into(), layer, boot }
    }

    /// The event of a record.
    fn event(&self, bytes: &[u8]) -> Option<Probe> {
        let record = EventRecord::read_from_bytes(bytes).ok()?;
        let transport = record.label.transport()?;
        let captured = (record.captured as usize).min(EVENT_FRAME).min(record.length as usize);
        let frame = record.frame[..captured].to_vec();
        Some(Probe {
            time: self.boot + Duration::from_nanos(record.boot_ns),
            interface: Arc::clone(&self.interface),
            outcome: record.label.outcome()?,
            transport,
            shape: record.label.shape()?,
            source: record.source.address(),
            source_port: record.label.source_port(),
            port: record.label.port(),
            is_first: record.label.what_is_known()?.is_first_touch(),
            length: record.length,
            layer: self.layer,
            headers: Headers::of(&frame, record.length as usize, self.layer, transport),
            frame,
        })
    }
}
