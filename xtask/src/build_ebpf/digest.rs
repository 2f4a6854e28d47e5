//! SHA-256.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A SHA-256, in hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digest(String);

impl Digest {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = Incremental::default();
        hash.0.update(bytes);
        hash.finish()
    }

    /// The hash that a file names; nothing when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(hexadecimal)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The hash of a sequence of named contents, none of which can run into the next.
#[derive(Default)]
pub struct Incremental(Sha256);

impl Incremental {
    pub fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(Digest::parse(empty), Some(Digest::of(b"")));
    }

    #[test]
    fn what_is_not_a_hash_is_not_taken_for_one() {
        for text in ["", "e3b0", &"E".repeat(64), &"g".repeat(64), &"0".repeat(65)] {
            assert_eq!(Digest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_byte_that_moves_from_one_part_to_the_next_changes_the_hash() {
        let mut one = Incremental::default();
        one.add("a", b"bc");
        let mut other = Incremental::default();
        other.add("ab", b"c");
        assert_ne!(one.finish(), other.finish());
    }
}
