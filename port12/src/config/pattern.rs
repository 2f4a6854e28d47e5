//! Names of interfaces, and globs that match some.

use std::{fmt, str::FromStr};

use crate::host::interfaces::Link;

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

    /// Whether it means an interface, by its name or by an alternative name.
    pub fn matches(&self, interface: &Link) -> bool {
        interface.names().any(|name| match &self.glob {
            Some(glob) => glob.matches(name),
            None => self.text == name,
        })
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

    fn matches(pattern: &str, name: &str) -> bool {
        let link = Link { name: name.to_owned(), ..Link::default() };
        pattern.parse::<Pattern>().unwrap().matches(&link)
    }

    #[test]
    fn a_name_means_one_interface_and_a_glob_those_it_matches() {
        assert!(matches("eth0", "eth0") && !matches("eth0", "eth01"));
        assert!(matches("ens*", "ens3") && !matches("ens*", "eth0"));
        assert!(matches("eth[01]", "eth1") && !matches("eth[01]", "eth2"));
        assert!(matches("*", "eth0.100") && "wg?".parse::<Pattern>().unwrap().is_glob());
    }

    #[test]
    fn an_alternative_name_means_the_interface_too() {
        let altnames = vec!["enp3s0".to_owned(), "uplink-of-the-rack".to_owned()];
        let link = Link { name: "eth0".to_owned(), altnames, ..Link::default() };
        for (text, means) in [("enp*", true), ("uplink-of-the-rack", true), ("uplink", false)] {
            assert_eq!(text.parse::<Pattern>().unwrap().matches(&link), means, "{text}");
        }
    }

    #[test]
    fn an_empty_name_and_a_broken_glob_are_refused() {
        for wrong in ["", "eth[", "***"] {
            let error = wrong.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains("such as \"ens*\""), "{error}");
        }
    }
}
