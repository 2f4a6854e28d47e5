//! Types of the policy's values: how a value is read from a file and from a flag, and written.

mod labels;
mod list;
mod networks;
mod scalar;
mod table;

use toml::Value;

pub use self::{
    labels::Labels,
    list::{ALLOW, EXTRA, List, PATTERNS, SINKS},
    networks::{NETWORKS_PARTS, Networks},
    scalar::{AbsolutePath, Choose, Number, Switch, Time},
    table::{BAN_KEYS, BAN_PARTS, BanTable},
};
use super::{Refusal, Valued, node::Node};

/// Type of a value.
pub(super) trait Form {
    /// The value.
    type Value;

    /// Reads a value from a file.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: the value is not accepted.
    fn read(&self, node: &Node<'_>) -> Result<Self::Value, Refusal>;

    /// Reads the texts of a flag or of an environment variable; a list has one or more.
    ///
    /// # Errors
    ///
    /// Line for people: the text is not accepted, and what is.
    fn parse(&self, texts: &[&str]) -> Result<Self::Value, String>;

    /// Writes the value as in a file; `None` if there is no value.
    fn write(&self, value: &Self::Value) -> Option<Value>;

    /// Value of an earlier file and of a later one, merged: the later one, or the joined list.
    fn merge(&self, _: Valued<Self::Value>, later: Valued<Self::Value>) -> Valued<Self::Value> {
        later
    }

    /// Description for the flags and the documentation.
    fn shape(&self) -> Shape;
}

/// Description of a `Form`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shape {
    /// Arity.
    pub arity: Arity,
    /// Accepted values, for the reference page.
    pub accepts: String,
    /// Accepted values with their descriptions, if they are few.
    pub choices: Vec<(&'static str, String)>,
}

/// Number of texts of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arity {
    /// `true` or `false`; a flag without a text is `true`.
    Switch,
    /// One.
    One,
    /// Any number. The lists of several files are joined.
    List,
}

impl Shape {
    fn one(accepts: impl Into<String>) -> Self {
        Self { arity: Arity::One, accepts: accepts.into(), choices: Vec::new() }
    }
}

/// A value that may be absent.
pub struct Maybe<F>(pub F);

impl<F: Form> Form for Maybe<F> {
    type Value = Option<F::Value>;

    fn read(&self, node: &Node<'_>) -> Result<Self::Value, Refusal> {
        self.0.read(node).map(Some)
    }

    fn parse(&self, texts: &[&str]) -> Result<Self::Value, String> {
        self.0.parse(texts).map(Some)
    }

    fn write(&self, value: &Self::Value) -> Option<Value> {
        value.as_ref().and_then(|value| self.0.write(value))
    }

    fn shape(&self) -> Shape {
        self.0.shape()
    }
}
