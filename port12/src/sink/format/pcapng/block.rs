//! A block, while it is put together.

use crate::text::Printable;

/// Bytes of a text in an option at most.
const MAX_TEXT: usize = 512;

/// The type and both lengths of a block, in bytes.
const AROUND: usize = 12;

pub(super) struct Block {
    kind: u32,
    body: Vec<u8>,
    has_options: bool,
}

impl Block {
    pub(super) fn new(kind: u32) -> Self {
        Self { kind, body: Vec::new(), has_options: false }
    }

    pub(super) fn u16(self, number: u16) -> Self {
        self.raw(&number.to_le_bytes())
    }

    pub(super) fn u32(self, number: u32) -> Self {
        self.raw(&number.to_le_bytes())
    }

    pub(super) fn u64(self, number: u64) -> Self {
        self.raw(&number.to_le_bytes())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.body.extend(bytes);
        self
    }

    /// Bytes, and zeros up to a multiple of four.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let padding = bytes.len().next_multiple_of(4) - bytes.len();
        self.raw(bytes).raw(&[0; 3][..padding])
    }

    /// An option of less than 64 KiB; a longer one is left out.
    pub(super) fn option(mut self, code: u16, value: &[u8]) -> Self {
        let Ok(length) = u16::try_from(value.len()) else {
            return self;
        };
        self.has_options = true;
        self.u16(code).u16(length).bytes(value)
    }

    /// An option with a text, as much of it as goes into one, on one line.
    pub(super) fn text(self, code: u16, text: &str) -> Self {
        self.option(code, fitting(&Printable(text).to_string()))
    }

    pub(super) fn end(mut self, out: &mut Vec<u8>) {
        if self.has_options {
            // opt_endofopt
            self = self.u32(0);
        }
        let length = (self.body.len() + AROUND) as u32;
        out.extend(self.kind.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(self.body);
        out.extend(length.to_le_bytes());
    }
}

/// As much of a text as goes into an option.
pub(super) fn fitting(text: &str) -> &[u8] {
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|&end| text.is_char_boundary(end));
    &text.as_bytes()[..end.unwrap_or(0)]
}
