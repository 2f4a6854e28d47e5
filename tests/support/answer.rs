//! What can be said of a frame, whoever says it.

use port12_common::{Depth, Finding, Malformed, Outcome, Shape, TooDeep, Transport, Verdict};

/// A frame's outcome and what was read on the way to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    pub outcome: Outcome,
    pub reason: Option<Malformed>,
    pub depth: Option<Depth>,
    pub segment: Option<Segment>,
}

/// The part of an answer that only a frame with a transport header has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segment {
    pub transport: Transport,
    pub source_port: u16,
    pub port: u16,
    pub shape: Option<Shape>,
}

impl Answer {
    pub const fn bare(outcome: Outcome) -> Self {
        Self { outcome, reason: None, depth: None, segment: None }
    }

    pub const fn too_deep(reason: TooDeep, is_dropped: bool) -> Self {
        Self { depth: Some(Depth { reason, is_dropped }), ..Self::bare(Outcome::TooDeep) }
    }

    pub const fn verdict(&self) -> Verdict {
        match self.depth {
            Some(Depth { is_dropped: true, .. }) => Verdict::Drop,
            Some(_) | None => self.outcome.verdict(),
        }
    }

    pub const fn malformed(reason: Malformed) -> Self {
        Self { reason: Some(reason), ..Self::bare(Outcome::Malformed) }
    }

    pub const fn about(segment: Segment, outcome: Outcome) -> Self {
        Self { segment: Some(segment), ..Self::bare(outcome) }
    }
}

impl From<Finding> for Answer {
    fn from(finding: Finding) -> Self {
        let Finding {
            outcome,
            reason,
            depth,
            transport,
            source: _,
            source_port,
            port,
            shape,
            length: _,
            now: _,
            inspection: _,
        } = finding;
        let segment = transport.map(|transport| Segment { transport, source_port, port, shape });
        if segment.is_none() {
            assert_eq!((source_port, port, shape), (0, 0, None), "no transport, yet ports");
        }
        Self { outcome, reason, depth, segment }
    }
}
