//! What is found of a frame, and what is done about it.

use crate::{
    Malformed, Outcome, Shape, TooDeep, Transport, Verdict,
    abi::{Inspection, SourceAddress},
};

/// A frame's outcome, and what was read on the way to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, for [`Outcome::Malformed`].
    pub reason: Option<Malformed>,
    /// Headers in excess, for [`Outcome::TooDeep`].
    pub depth: Option<Depth>,
    /// The transport, where the frame was read as far as its ports.
    pub transport: Option<Transport>,
    /// Where a probe says it comes from, dropped or not; [`SourceAddress::NONE`] elsewhere.
    pub source: SourceAddress,
    /// The source port, where `transport` is known; 0 elsewhere.
    pub source_port: u16,
    /// The destination port, where `transport` is known; 0 elsewhere.
    pub port: u16,
    /// How the conversation starts, where it was asked.
    pub shape: Option<Shape>,
    /// The bytes of the frame, as [`Conclude::length`] has them.
    pub length: usize,
    /// Jiffies, where the outcome was reached by asking for them; 0 elsewhere.
    pub now: u64,
    /// Headers that decide the weight of a probe as evidence for a ban.
    pub inspection: Inspection,
}

/// Headers in excess.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Depth {
    /// Headers that there are too many of.
    pub reason: TooDeep,
    /// Whether the packet is dropped.
    pub is_dropped: bool,
}

impl Finding {
    /// Verdict on the frame.
    #[inline(always)]
    pub const fn verdict(&self) -> Verdict {
        match self.depth {
            Some(Depth { is_dropped: true, .. }) => Verdict::Drop,
            Some(Depth { is_dropped: false, .. }) | None => self.outcome.verdict(),
        }
    }

    #[inline(always)]
    pub(super) const fn at_network(outcome: Outcome, length: usize) -> Self {
        Self {
            outcome,
            reason: None,
            depth: None,
            transport: None,
            source: SourceAddress::NONE,
            source_port: 0,
            port: 0,
            shape: None,
            length,
            now: 0,
            inspection: Inspection::NONE,
        }
    }

    #[inline(always)]
    pub(super) const fn malformed(reason: Malformed, length: usize) -> Self {
        Self { reason: Some(reason), ..Self::at_network(Outcome::Malformed, length) }
    }

    #[inline(always)]
    pub(super) const fn too_deep(depth: Depth, length: usize) -> Self {
        Self { depth: Some(depth), ..Self::at_network(Outcome::TooDeep, length) }
    }
}

/// Whether a finding over the linear part of a multi-buffer frame may be owed to headers that
/// lie outside of it: the frame is to be classified again through a reader that reaches them.
#[inline(always)]
pub fn may_hide_headers(finding: &Finding) -> bool {
    finding.outcome == Outcome::Malformed
}

/// What is to be done about a finding.
pub trait Conclude {
    /// What comes of it.
    type End;

    /// The bytes of a frame whose packet ends at `end` by its own length field; beyond
    /// [`UNBOUNDED`](crate::parse::UNBOUNDED) where it has none or was not read.
    fn length(&self, end: usize) -> usize;

    /// Acts upon a finding.
    fn conclude(&self, finding: Finding) -> Self::End;

    /// What to return where a rare way begins, of one who leaves those to a second look.
    #[inline(always)]
    fn defer(&self) -> Option<Self::End> {
        None
    }
}

/// Acts upon what most frames come to, and leaves the rest to a second look.
pub(super) struct Common<'a, C>(pub(super) &'a C);

impl<C: Conclude> Conclude for Common<'_, C> {
    type End = Option<C::End>;

    #[inline(always)]
    fn length(&self, end: usize) -> usize {
        self.0.length(end)
    }

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> Option<C::End> {
        Some(self.0.conclude(finding))
    }

    #[inline(always)]
    fn defer(&self) -> Option<Option<C::End>> {
        Some(None)
    }
}

/// The finding is the end, and a frame as long as its packet.
pub(super) struct Itself;

impl Conclude for Itself {
    type End = Finding;

    fn length(&self, end: usize) -> usize {
        end
    }

    fn conclude(&self, finding: Finding) -> Finding {
        finding
    }
}
