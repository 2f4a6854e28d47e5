//! Which kernel is meant.

use std::{fmt, str::FromStr};

/// A series of kernels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Series {
    /// The first two numbers of a version.
    Numbered(u32, u32),
    /// Whichever is the newest that Debian has.
    Newest,
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "newest" {
            return Ok(Self::Newest);
        }
        let numbers = text.split_once('.');
        let numbers = numbers.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let (major, minor) =
            numbers.ok_or_else(|| "neither newest nor a series such as 6.1".to_owned())?;
        Ok(Self::Numbered(major, minor))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered(major, minor) => write!(formatter, "{major}.{minor}"),
            Self::Newest => formatter.write_str("newest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_two_numbers_or_newest() {
        assert_eq!("6.12".parse(), Ok(Series::Numbered(6, 12)));
        assert_eq!("newest".parse(), Ok(Series::Newest));
        for text in ["", "6", "6.x", "6.1.2", "Newest"] {
            assert!(text.parse::<Series>().is_err(), "{text}");
        }
    }
}
