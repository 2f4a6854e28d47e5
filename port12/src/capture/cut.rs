//! Frames that the snap length cut.

use std::cell::Cell;

use port12_common::{Finding, Frame, Lookup, Tables, classify};

use super::CapturedFrame;

impl CapturedFrame<'_> {
    /// Whether bytes of the frame were not captured.
    pub fn is_snapped(&self) -> bool {
        self.bytes.len() < self.original_length
    }

    /// The frame at its original length, zeros where it was not captured. `scratch` holds it where
    /// it was cut.
    pub fn padded<'a>(&'a self, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if !self.is_snapped() {
            return self.bytes;
        }
        scratch.clear();
        scratch.extend_from_slice(self.bytes);
        scratch.resize(self.original_length, 0);
        scratch
    }
}

/// The captured bytes of a frame, and the length that it had. Remembers whether a reader asked for
/// bytes that the frame had and the capture has not.
#[derive(Debug)]
pub struct CutFrame<'a> {
    bytes: &'a [u8],
    original_length: usize,
    missed: Cell<bool>,
}

impl<'a> CutFrame<'a> {
    /// The frame, of which nothing was asked.
    pub fn new(frame: &CapturedFrame<'a>) -> Self {
        Self::of(frame.bytes, frame.original_length)
    }

    /// The first bytes of a frame, of which nothing was asked.
    pub fn of(bytes: &'a [u8], original_length: usize) -> Self {
        Self { bytes, original_length, missed: Cell::new(false) }
    }

    /// Whether bytes were asked for that were not captured.
    pub fn missed(&self) -> bool {
        self.missed.get()
    }

    /// What was `read` up to `end`; takes note of what the frame had, and the capture lacks.
    fn captured<T>(&self, read: Option<T>, end: usize) -> Option<T> {
        if read.is_none() && end <= self.original_length {
            self.missed.set(true);
        }
        read
    }
}

impl Frame for CutFrame<'_> {
    fn length(&self) -> usize {
        self.original_length
    }

    fn words<const N: usize>(&self, offset: usize) -> Option<[u16; N]> {
        self.captured(self.bytes.words(offset), offset + 2 * N)
    }

    fn pairs<const N: usize>(&self, offset: usize) -> Option<[u32; N]> {
        self.captured(self.bytes.pairs(offset), offset + 4 * N)
    }
}

/// What the classifier finds in a frame, or `None` where it would have to read bytes that were not
/// captured: the frame counts as `cut`. Any other frame may be [padded](CapturedFrame::padded):
/// the zeros decide nothing.
pub fn finding<L: Lookup>(frame: &CapturedFrame<'_>, tables: &Tables<'_, L>) -> Option<Finding> {
    let cut = CutFrame::new(frame);
    let finding = classify(&cut, frame.layer, tables);
    (!cut.missed()).then_some(finding)
}

#[cfg(test)]
mod tests;
