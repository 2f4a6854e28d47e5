//! Watching interfaces: attached programs, the truth they are told, the counts they give.

mod binds;
mod full_table;
mod inherited;
mod interface;
mod keeper;
mod known_bans;
mod links;
mod lookout;
mod orders;
mod outbound;
mod presence;
mod start;
mod taken;
mod too_deep;
mod trace;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use port12_common::Transport;

pub use binds::Hearing;
pub use inherited::Inherited;
pub use interface::{Watched, counted_at};
pub use keeper::Keeper;
pub use lookout::{Eye, Lookout};
pub use orders::{Occasion, Orders, tell};
pub use outbound::Outbound;
pub use presence::Presence;
pub use start::Setup;

use crate::{
    ledger::Ledger,
    policy::Mode,
    registry::{Registry, unofficial},
    report::{Kind, Period, Report, SourcesReport},
    snapshot::Snapshot,
};

/// What is watched, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What becomes of probes.
    pub mode: Mode,
    /// Where the watched ports come from.
    pub registry: &'a Registry,
    /// The ports on which a listener is what it should be.
    pub expected: &'a BTreeSet<(Transport, u16)>,
}

/// What the reports say of the whole run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What is watched.
    pub subject: Subject<'a>,
    /// When counting began.
    pub started: Instant,
}

impl Run<'_> {
    /// Reports on the time since the last report, or since the start.
    pub fn report(
        &self,
        kind: Kind,
        interfaces: &mut [Watched],
        ledger: &mut Ledger,
        period: Duration,
    ) -> Report {
        let mut report = Report {
            kind,
            time: std::time::SystemTime::now(),
            elapsed_seconds: self.started.elapsed().as_secs_f64(),
            period_seconds: period.as_secs_f64(),
            mode: self.subject.mode.as_str(),
            registry_date: self.subject.registry.edition().date().to_string(),
            interfaces: Vec::with_capacity(interfaces.len()),
            ports: Vec::new(),
            sources: None,
            outbound: None,
            told: None,
            capture: None,
        };
        let origin = Snapshot::default();
        let mut last = None;
        for interface in interfaces {
            let link = interface.describe();
            interface.note_sources(ledger);
            let (before, after, timeline) = interface.advance();
            let before = match kind {
                Kind::Interval => &before,
                Kind::Totals => &origin,
            };
            let period = Period { before, after, length: period, timeline: &timeline };
            report.interfaces.push(period.interface(&link));
            let describe = |transport, port| describe(self.subject.registry, transport, port);
            let is_expected = |transport, port| self.subject.expected.contains(&(transport, port));
            report.ports.extend(period.ports(&link, describe, is_expected));
            last = Some(timeline);
        }
        report.sources = last.map(|timeline| SourcesReport::of(ledger, &timeline));
        report
    }
}

/// What a watched port is, in a few words: its state, and the best known of its users.
pub fn describe(registry: &Registry, transport: Transport, port: u16) -> String {
    let known = unofficial::uses(port)
        .find(|known| known.transport.is_none_or(|known| known == transport))
        .map(|known| known.who);
    let state = registry.state(transport, port).as_str();
    known.map_or_else(|| state.to_owned(), |who| format!("{state}; {who}"))
}
