//! Replaying a capture: the same program, over frames of another time.

mod bans;
mod engine;
mod policy;

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use engine::{Engine, EngineKind};
pub use policy::ReplayPolicy;

use port12_common::{Finding, abi::Known};

use self::engine::HZ;
use crate::{
    capture::{self, CapturedFrame, Reader, Summary},
    event::Probe,
    kernel::{
        clock::{Moment, Timeline},
        events,
        instance::LoadError,
    },
    ledger::Ledger,
    model::{Baseline, CountedAt, InterfaceState, ModeState, Origin, Place, ProgramState, State},
    policy::Mode,
    query::{self, Names},
    registry::Registry,
    report::{Capture, Kind, Report},
    story::Story,
};

/// How long the end waits for the sinks.
const PATIENCE: Duration = Duration::from_secs(10);

/// Jiffies of the replayed clock after which a source that goes on is told of again.
const AGAIN: u64 = events::AGAIN as u64 * HZ;

/// Mode and registry of a replay.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Verdict on probes.
    pub mode: Mode,
    /// Registry with the watched ports.
    pub registry: &'a Registry,
}

/// A capture on its way through an engine.
pub struct Replay<'a> {
    subject: Subject<'a>,
    engine: Engine,
    before: Baseline,
    clock: Option<Duration>,
    began: Duration,
    reported: Duration,
    ledger: Ledger,
    story: Story,
    name: Arc<str>,
    frames: u64,
    cut: u64,
}

impl<'a> Replay<'a> {
    /// Nothing replayed yet. `name` stands where a live report has the interface; `story` is told what
    /// happens.
    pub fn new(subject: Subject<'a>, engine: Engine, name: &str, story: Story) -> Self {
        Self {
            subject,
            engine,
            before: Baseline::zero(0),
            clock: None,
            began: Duration::ZERO,
            reported: Duration::ZERO,
            ledger: Ledger::default(),
            story,
            name: name.into(),
            frames: 0,
            cut: 0,
        }
    }

    /// Replays the rest of a capture. With an `interval`, in the capture's time, `show` gets a
    /// report for each that had frames.
    ///
    /// # Errors
    ///
    /// Where the kernel takes no program, or `show` fails.
    pub fn run(
        &mut self,
        reader: &mut Reader,
        interval: Option<Duration>,
        mut show: impl FnMut(&Report) -> io::Result<()>,
    ) -> Result<(), ReplayError> {
        let mut scratch = Vec::new();
        while let Some(frame) = reader.next_frame() {
            self.advance(&frame);
            if let (Some(interval), Some(clock)) = (interval, self.clock)
                && clock - self.reported >= interval
            {
                // Reports come at whole intervals since the first frame; empty ones are skipped.
                let beyond = (clock - self.began).as_nanos() % interval.as_nanos();
                let beyond = Duration::from_nanos(u64::try_from(beyond).unwrap_or(u64::MAX));
                show(&self.report(Kind::Interval, clock - beyond, None))?;
            }
            self.frames += 1;
            let clock = self.clock.unwrap_or_default();
            let jiffies = jiffies(clock);
            match capture::finding(&frame, &self.engine.tables(jiffies)) {
                None => self.cut += 1,
                Some(finding) => {
                    let bytes = frame.padded(&mut scratch);
                    let length = bytes.len() as u64;
                    let knock = self.ledger.note(&finding, length, jiffies, AGAIN);
                    self.tell(knock, &finding, &frame, clock);
                    self.engine.take((&finding, knock), frame.layer, bytes, jiffies)?;
                }
            }
        }
        Ok(())
    }

    /// Tells what has happened, as the kernel program does.
    fn tell(
        &mut self,
        knock: Known,
        finding: &Finding,
        frame: &CapturedFrame<'_>,
        clock: Duration,
    ) {
        if knock != Known::Repeats {
            let finding = Finding { length: frame.original_length, ..*finding };
            let captured = (frame.bytes, frame.layer);
            let at = (&self.name, wall(frame.timestamp.unwrap_or(clock)));
            let event = Probe::of(&finding, captured, at, knock.is_first_touch());
            event.into_iter().for_each(|event| self.story.event(event));
        }
        self.story.tick(wall(clock));
    }

    /// The clock follows the capture, and never runs backwards.
    fn advance(&mut self, frame: &CapturedFrame<'_>) {
        let Some(time) = frame.timestamp else {
            return;
        };
        if self.clock.is_none() {
            self.began = time;
            self.reported = time;
            self.before = Baseline::zero(nanoseconds(time));
        }
        self.clock = Some(self.clock.map_or(time, |clock| clock.max(time)));
    }

    /// The last report, on the whole capture.
    pub fn totals(&mut self, summary: &Summary) -> Report {
        self.story.end(wall(self.clock.unwrap_or_default()));
        self.story.close(PATIENCE);
        let capture = Capture {
            format: summary.format.as_str().to_owned(),
            frames: self.frames,
            cut: self.cut,
            user_engine: self.engine.taken_by_user(),
            refused: summary.refused().map(|(link, count)| (link.to_string(), count)).collect(),
            end: summary.end.as_ref().map_or_else(String::new, ToString::to_string),
        };
        self.report(Kind::Totals, self.clock.unwrap_or_default(), Some(capture))
    }

    /// Event pipeline.
    pub fn story(&mut self) -> &mut Story {
        &mut self.story
    }

    fn report(&mut self, kind: Kind, until: Duration, capture: Option<Capture>) -> Report {
        let state = self.state(until);
        let baseline = match kind {
            Kind::Interval => std::mem::replace(&mut self.before, Baseline::from(&state)),
            Kind::Totals => Baseline::zero(nanoseconds(self.began)),
        };
        self.reported = until;
        let elapsed = until.saturating_sub(self.began).as_secs_f64();
        let report = Report::over(kind, &baseline, state, elapsed);
        Report { capture, ..report }
    }

    fn state(&mut self, at: Duration) -> State {
        let wall = wall(at);
        let counters = self.engine.snapshot();
        let timeline: Timeline = Moment { jiffies: jiffies(at), hz: HZ, wall }.into();
        let registry = self.subject.registry;
        let names = Names { registry, expected: self.engine.policy().expected };
        let ports = counters.ports().map(|(of, port, it)| names.port(of, port, it, &timeline));
        let interface = InterfaceState {
            interface: self.name.to_string(),
            pinned_as: None,
            place: Place::Capture,
            xdp_mode: None,
            counted_at: Some(CountedAt::Capture),
            speed_bits_per_second: None,
            program: ProgramState { name: self.engine.name().to_owned(), id: None, tag: None },
            other_program_id: None,
            attached_at: None,
            persistent: None,
            mode: ModeState::plain(self.subject.mode),
            forwards: None,
            forwarding: None,
            not_dropped: None,
            vlan_tags: None,
            host_changes: None,
            sockets_fresh: None,
            policy: query::policy_counts(&self.engine.policy().rules.rules),
            allowed: Some(self.engine.policy().allow.len()),
            bans: self.engine.bans(jiffies(at)),
            counts: query::frame_counts(&counters),
            ports: ports.collect(),
            rates: None,
        };
        State {
            interfaces: vec![interface],
            sources: Some(query::sources_state(&self.ledger, &timeline)),
            scans: Some(self.story.scans_state(wall)),
            alerts: Some(self.story.report()),
            ..State::empty(Origin::Replay, wall, nanoseconds(at), registry.into())
        }
    }
}

/// A time on the clock of a capture.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The time of day at a time since the epoch.
fn wall(time: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A time since the epoch on the replayed clock.
fn jiffies(time: Duration) -> u64 {
    u64::try_from(time.as_millis() * u128::from(HZ) / 1000).unwrap_or(u64::MAX)
}

/// Why a replay ends early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The kernel takes no program.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A report cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}
