//! A value, and where it comes from.

use std::{fmt, path::Path, sync::Arc};

use crate::text::Printable;

/// Where a value comes from: the first of flag, environment, file and default that has one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Nobody says anything of it.
    Default,
    /// The policy file or a drop-in.
    File {
        /// The file.
        path: Arc<Path>,
        /// From 1.
        line: usize,
    },
    /// Several files, whose lists are joined.
    Files(Vec<Self>),
    /// A variable of the environment, by its name.
    Environment(String),
    /// A flag, as it is written: `--mode`.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => {
                write!(formatter, "{}, line {line}", Printable(path.display()))
            }
            Self::Files(origins) => {
                for (index, origin) in origins.iter().enumerate() {
                    let before = if index == 0 { "" } else { "; " };
                    write!(formatter, "{before}{origin}")?;
                }
                Ok(())
            }
            Self::Environment(name) | Self::Flag(name) => formatter.write_str(name),
        }
    }
}

impl Origin {
    /// Origin of a list that is joined from two.
    pub fn and(self, other: Self) -> Self {
        let parts = |origin| match origin {
            Self::Files(origins) => origins,
            origin => vec![origin],
        };
        Self::Files([parts(self), parts(other)].concat())
    }
}

/// A value and its origin. Two are equal where the values are: the origin is a remark.
#[derive(Clone, Debug)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Valued<T> {
    /// A value and its origin.
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Another value from the same place.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Valued<U> {
        Valued { value: with(self.value), origin: self.origin }
    }
}

impl<T: PartialEq> PartialEq for Valued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
