//! Values that are no lists.

use std::{
    fmt,
    marker::PhantomData,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Value;

use super::{Arity, Form, Shape};
use crate::config::{
    Refusal,
    choice::{self, Choice},
    node::Node,
    time::TimeError,
};

/// `true` or `false`.
pub struct Switch;

impl Form for Switch {
    type Value = bool;

    fn read(&self, node: &Node<'_>) -> Result<bool, Refusal> {
        node.truth()
    }

    fn parse(&self, texts: &[&str]) -> Result<bool, String> {
        one(texts)?.parse().map_err(|_| "write true or false".to_owned())
    }

    fn write(&self, value: &bool) -> Option<Value> {
        Some((*value).into())
    }

    fn shape(&self) -> Shape {
        let choices = ["true", "false"].map(|name| (name, String::new()));
        Shape { arity: Arity::Switch, accepts: "`true` or `false`".into(), choices: choices.into() }
    }
}

/// One of a few names.
pub struct Choose<T>(pub PhantomData<T>);

impl<T: Choice> Form for Choose<T> {
    type Value = T;

    fn read(&self, node: &Node<'_>) -> Result<T, Refusal> {
        node.choice()
    }

    fn parse(&self, texts: &[&str]) -> Result<T, String> {
        choice::read(one(texts)?)
    }

    fn write(&self, value: &T) -> Option<Value> {
        Some(choice::name(*value).into())
    }

    fn shape(&self) -> Shape {
        let choices = T::VARIANTS.iter().map(|it| (choice::name(*it), choice::help(*it)));
        let choices: Vec<_> = choices.collect();
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("`\"{name}\"`")).collect();
        Shape { arity: Arity::One, accepts: names.join(", "), choices }
    }
}

/// A length of time.
pub struct Time {
    /// Reads a text.
    pub parse: fn(&str) -> Result<Duration, TimeError>,
    /// Accepted values, as an instruction.
    pub hint: &'static str,
    /// Bounds.
    pub bounds: &'static str,
}

impl Form for Time {
    type Value = Duration;

    fn read(&self, node: &Node<'_>) -> Result<Duration, Refusal> {
        node.text(self.hint, self.parse)
    }

    fn parse(&self, texts: &[&str]) -> Result<Duration, String> {
        (self.parse)(one(texts)?).map_err(said)
    }

    fn write(&self, value: &Duration) -> Option<Value> {
        Some(humantime::format_duration(*value).to_string().into())
    }

    fn shape(&self) -> Shape {
        Shape::one(format!("a time, {}", self.bounds))
    }
}

/// A number within bounds.
pub struct Number {
    /// The least.
    pub least: u64,
    /// The greatest.
    pub most: u64,
}

impl Number {
    fn hint(&self) -> String {
        format!("write a number from {} to {}", self.least, self.most)
    }
}

impl Form for Number {
    type Value = usize;

    fn read(&self, node: &Node<'_>) -> Result<usize, Refusal> {
        node.number(&self.hint(), self.least..=self.most).map(|number| number as usize)
    }

    fn parse(&self, texts: &[&str]) -> Result<usize, String> {
        let number = one(texts)?.parse().ok();
        let number = number.filter(|number: &u64| (self.least..=self.most).contains(number));
        number.map(|number| number as usize).ok_or_else(|| self.hint())
    }

    fn write(&self, value: &usize) -> Option<Value> {
        Some(i64::try_from(*value).unwrap_or(i64::MAX).into())
    }

    fn shape(&self) -> Shape {
        Shape::one(format!("a number from {} to {}", self.least, self.most))
    }
}

/// A path; in a file an absolute one, since a service that reads it has any working directory.
pub struct AbsolutePath {
    /// Accepted values, as an instruction.
    pub hint: &'static str,
}

impl Form for AbsolutePath {
    type Value = PathBuf;

    fn read(&self, node: &Node<'_>) -> Result<PathBuf, Refusal> {
        let accepted = |text: &str| text.starts_with('/') && !text.contains(char::is_control);
        node.text(self.hint, |text| accepted(text).then(|| PathBuf::from(text)).ok_or(self.hint))
    }

    fn parse(&self, texts: &[&str]) -> Result<PathBuf, String> {
        match one(texts)? {
            "" => Err("write the path of a file".to_owned()),
            path => Ok(path.into()),
        }
    }

    /// A relative path is relative to this process, and the file may be read elsewhere.
    fn write(&self, value: &PathBuf) -> Option<Value> {
        let path = std::path::absolute(value).unwrap_or_else(|_| value.clone());
        Some(Path::to_string_lossy(&path).into_owned().into())
    }

    fn shape(&self) -> Shape {
        Shape::one("an absolute path")
    }
}

/// The only text.
fn one<'a>(texts: &[&'a str]) -> Result<&'a str, String> {
    match texts {
        [text] => Ok(text),
        _ => Err("write one value".to_owned()),
    }
}

fn said(error: impl fmt::Display) -> String {
    error.to_string()
}
