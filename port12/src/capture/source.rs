//! Bytes of a capture, through a buffer that grows no further than the longest record.

use std::io::{self, ErrorKind, Read};

const CHUNK: usize = 64 * 1024;

/// A window that moves over the input.
pub(super) struct Source {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
}

impl Source {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: vec![0; CHUNK], start: 0, end: 0, consumed: 0 }
    }

    /// The bytes that are read and not consumed.
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the window starts, in bytes from the start of the input.
    pub(super) fn position(&self) -> u64 {
        self.consumed
    }

    /// Where the window ends, in bytes from the start of the input.
    pub(super) fn read_to(&self) -> u64 {
        self.consumed + self.window().len() as u64
    }

    /// Bytes in memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Widens the window to `length` bytes; false where the input ends before. The caller bounds
    /// `length`: this is what is held in memory.
    pub(super) fn fill(&mut self, length: usize) -> io::Result<bool> {
        while self.window().len() < length {
            self.make_room(length);
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn make_room(&mut self, length: usize) {
        if self.start + length > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if length > self.buffer.len() {
            self.buffer.resize(length, 0);
        }
    }

    /// Moves the start of the window behind `length` of its bytes.
    pub(super) fn consume(&mut self, length: usize) {
        let length = length.min(self.window().len());
        self.start += length;
        self.consumed += length as u64;
    }

    /// Reads past `length` bytes, which may be more than fit into memory; false where the input
    /// ends before.
    pub(super) fn skip(&mut self, length: u64) -> io::Result<bool> {
        let mut left = length;
        while left > 0 {
            if !self.fill(1)? {
                return Ok(false);
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(self.window().len());
            self.consume(step);
            left -= step as u64;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, as a pipe may.
    struct Trickle(u8);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 200 {
                return Ok(0);
            }
            buffer[0] = self.0;
            self.0 += 1;
            Ok(1)
        }
    }

    #[test]
    fn a_pipe_that_trickles_fills_the_window() {
        let mut source = Source::new(Box::new(Trickle(0)));
        assert!(source.fill(10).unwrap());
        source.consume(5);
        assert!(source.skip(95).unwrap());
        assert!(source.fill(2).unwrap());
        assert_eq!(source.window(), [100, 101]);
        assert_eq!(source.position(), 100);
        assert!(!source.fill(101).unwrap());
        assert_eq!(source.read_to(), 200);
    }

    #[test]
    fn what_is_skipped_is_not_held() {
        let mut source = Source::new(Box::new(io::repeat(0).take(10 << 20)));
        assert!(source.skip(10 << 20).unwrap());
        assert_eq!(source.buffer.len(), CHUNK);
        assert!(!source.skip(1).unwrap());
    }
}
