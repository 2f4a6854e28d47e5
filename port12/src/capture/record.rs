//! A frame as the two formats store it.

use std::{io, ops::Range, time::Duration};

use super::{LinkType, MAX_CAPTURED_LENGTH, MAX_ORIGINAL_LENGTH, error::Corruption};

/// A frame in the source's window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) timestamp: Option<Duration>,
    pub(super) link: LinkType,
    /// The captured bytes, within the window.
    pub(super) captured: Range<usize>,
    pub(super) original_length: usize,
    /// The interface's number within its section.
    pub(super) interface: u32,
    /// The record's own length: what to consume when the frame is done with.
    pub(super) length: usize,
}

/// Next item of a capture.
pub(super) enum Step {
    Frame(Record),
    /// A frame of a link type that is not read. It is consumed.
    Refused(LinkType),
    /// Something other than a frame. It is consumed.
    Passed,
}

/// Why reading stops.
#[derive(Debug)]
pub(super) enum Stop {
    Complete,
    Truncated,
    Corrupt(Corruption),
    Unreadable(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<Corruption> for Stop {
    fn from(why: Corruption) -> Self {
        Self::Corrupt(why)
    }
}

/// The lengths of a frame, within bounds. Some writers say less for the original length than they
/// captured; the captured bytes are there.
pub(super) fn lengths(captured: u32, original: u32) -> Result<(usize, usize), Corruption> {
    if captured as usize > MAX_CAPTURED_LENGTH {
        return Err(Corruption::CapturedLength(captured));
    }
    if original as usize > MAX_ORIGINAL_LENGTH {
        return Err(Corruption::OriginalLength(original));
    }
    Ok((captured as usize, captured.max(original) as usize))
}
