//! Names of interfaces, and globs that match some.

use std::{fmt, str::FromStr};

/// A name, or a glob: `*`, `?` and `[...]`, as in a shell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    text: String,
    glob: Option<glob::Pattern>,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing.
    #[error("write the name of an interface, or a glob such as \"ens*\"")]
    Empty,
    /// A glob that is none.
    #[error("{0}; write a name, or a glob of `*`, `?` and `[...]` such as \"ens*\"")]
    Glob(&'static str),
}

impl Pattern {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it may match interfaces that nobody has named.
    pub const fn is_glob(&self) -> bool {
        self.glob.is_some()
    }

    /// Whether it means the interface of this name.
    pub fn matches(&self, interface: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.matches(interface),
            None => self.text == interface,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let glob = match text.contains(['*', '?', '[']) {
            true => Some(glob::Pattern::new(text).map_err(|error| PatternError::Glob(error.msg))?),
            false => None,
        };
        Ok(Self { text: text.to_owned(), glob })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_means_one_interface_and_a_glob_those_it_matches() {
        assert!(pattern("eth0").matches("eth0") && !pattern("eth0").matches("eth01"));
        assert!(pattern("ens*").matches("ens3") && !pattern("ens*").matches("eth0"));
        assert!(pattern("eth[01]").matches("eth1") && !pattern("eth[01]").matches("eth2"));
        assert!(pattern("*").matches("eth0.100") && pattern("wg?").is_glob());
    }

    #[test]
    fn an_empty_name_and_a_broken_glob_are_refused() {
        for wrong in ["", "eth[", "***"] {
            let error = wrong.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains("such as \"ens*\""), "{error}");
        }
    }
}
