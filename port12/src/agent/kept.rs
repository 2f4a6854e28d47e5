//! State of this agent in the state directory.

mod writer;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use port12_common::abi::Gate;

use self::writer::Writer;
use super::{Agent, Tell};
use crate::{
    kernel::{clock::Moment, pin::PinDirectory},
    state_dir::{
        KeptState, StateDirectory,
        bans::{Change, InterfaceBans},
        confirmations::RulesHash,
    },
    watch::Watched,
};

/// Time between two writes for bans by the program: spoofed sources must not wear out a disk.
const PROGRAM: Duration = Duration::from_secs(10);

/// Time between two writes for nothing but the passing time and dropped packets. That much of the remaining time is
/// forgotten if the machine loses its power.
const COUNTS: Duration = Duration::from_secs(60);

/// Time that the end waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bans and confirmations that were read, and that are written when they change.
pub(super) struct Kept {
    directory: Arc<StateDirectory>,
    state: KeptState,
    /// Greatest change that was not written.
    change: Change,
    written: Instant,
    /// Thread that writes; `None` for an agent that ends at once, and before the first write.
    writer: Option<Writer>,
    is_brief: bool,
}

impl Kept {
    /// Reads the files of a directory. Pinned maps that a killed process left behind are newer. An agent that is `brief`
    /// writes nothing: its pins stay.
    pub(super) fn read(
        directory: StateDirectory,
        is_brief: bool,
        pins: Option<&PinDirectory>,
        tell: Tell,
    ) -> Self {
        let (mut state, lines) = KeptState::read_or_set_aside(&directory);
        lines.iter().for_each(|line| tell(line));
        let mut change = Change::None;
        if let Some(left) = pins.map(PinDirectory::left)
            && let Some(now) = &left.now
        {
            state.bans.continue_at(now);
            let left = left.bans.iter().map(|(name, bans)| (&**name, bans));
            change = state.bans.update(&left.collect());
        }
        Self {
            directory: Arc::new(directory),
            state,
            change,
            written: Instant::now(),
            writer: None,
            is_brief,
        }
    }

    pub(super) fn directory(&self) -> &Arc<StateDirectory> {
        &self.directory
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn state(&self) -> &KeptState {
        &self.state
    }

    fn update(&mut self, present: &BTreeMap<&str, &InterfaceBans>, now: &Moment) {
        let bans = &mut self.state.bans;
        bans.continue_at(now);
        self.change = self.change.max(bans.update(present));
        if bans.has_an_end() {
            self.change = self.change.max(Change::Counts);
        }
    }

    /// Hands a change to the thread that writes, when it is due. Waits for nothing.
    fn write_if_due(&mut self) {
        let wait = match self.change {
            Change::None => return,
            Change::Operator => Duration::ZERO,
            Change::Program => PROGRAM,
            Change::Counts => COUNTS,
        };
        if self.is_brief || self.written.elapsed() < wait {
            return;
        }
        let directory = &self.directory;
        if self.writer.is_none() {
            match Writer::start(Arc::clone(directory)) {
                Ok(writer) => self.writer = Some(writer),
                Err(error) => log::debug!("no thread for the state directory: {error}"),
            }
        }
        if self.writer.as_ref().is_some_and(|it| it.write(&self.state)) {
            self.change = Change::None;
            self.written = Instant::now();
        }
    }

    /// Writes what was not written, within a time.
    fn end(&mut self) {
        self.written = Instant::now().checked_sub(COUNTS).unwrap_or(self.written);
        let deadline = Instant::now() + PATIENCE;
        self.write_if_due();
        while self.change != Change::None && self.writer.is_some() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
            self.written = Instant::now().checked_sub(COUNTS).unwrap_or(self.written);
            self.write_if_due();
        }
        if let Some(writer) = self.writer.take() {
            writer.end(deadline.saturating_duration_since(Instant::now()));
        }
    }
}

impl Agent {
    /// Writes bans and confirmations to the state directory if they have changed; `is_last` waits until they are written.
    pub(super) fn keep_state(&mut self, is_last: bool) {
        let Some(kept) = &mut self.kept else {
            return;
        };
        let mut present = self.watched.iter_mut().filter(|it| !it.gone);
        if let Some(now) = present.next_back().map(Watched::moment) {
            let present = self.watched.iter().filter(|it| !it.gone);
            kept.update(&present.map(|it| (&*it.name, it.bans())).collect(), &now);
        }
        if self.plan.orders().to_confirm().is_some() {
            for watched in self.watched.iter().filter(|it| !it.gone) {
                let state = watched.instance().state();
                let is_confirmed = state.gate().drop_until == Gate::FOR_EVER;
                if is_confirmed
                    && kept.state.confirmations.confirm(&watched.name, RulesHash::in_force(state))
                {
                    kept.change = Change::Operator;
                }
            }
        }
        match is_last {
            true => kept.end(),
            false => kept.write_if_due(),
        }
    }

    /// Forgets the bans of sources on interfaces that are absent, since their bans were removed on another one.
    pub(super) fn forget_bans(&mut self, sources: &[IpAddr]) {
        let Some(kept) = self.kept.as_mut().filter(|_| !sources.is_empty()) else {
            return;
        };
        let is_present = |name: &str| self.watched.iter().any(|it| !it.gone && it.name == name);
        if !kept.state.bans.remove(Some(sources), is_present).is_empty() {
            kept.change = Change::Operator;
        }
    }
}
