//! Lists.

use std::{collections::BTreeSet, marker::PhantomData, path::Path};

use ipnet::IpNet;
use toml::Value;

use super::{Arity, Form, Shape};
use crate::{
    config::{
        Pattern, Ports, Refusal, Valued,
        node::Node,
        prefix::{prefix, shown},
    },
    sink::{SinkSpec, SpecError},
};

/// A list. The lists of several files are joined; an element that is there already is not added again.
pub struct List<T: 'static, C = Vec<T>> {
    /// Accepted elements, for the reference page.
    accepts: &'static str,
    /// Accepted lists, as an instruction.
    hint: &'static str,
    read: fn(&Node<'_>, &str) -> Result<T, Refusal>,
    parse: fn(&str) -> Result<T, String>,
    write: fn(&T) -> String,
    collection: PhantomData<C>,
}

/// Names and globs of interfaces.
pub const PATTERNS: List<Pattern> = List {
    accepts: "names, alternative names and globs",
    hint: "write a list of names and globs, such as [\"eth0\", \"ens*\"]",
    read: |node, hint| node.text(hint, str::parse),
    parse: |text| text.parse().map_err(said),
    write: ToString::to_string,
    collection: PhantomData,
};

/// Ports.
pub const EXTRA: List<Ports> = List {
    accepts: "ports and ranges, with a transport or without",
    hint: "write a list of ports, such as [\"23/tcp\", 111]",
    read: |node, _| node.ports(),
    parse: |text| text.parse().map_err(said),
    write: ToString::to_string,
    collection: PhantomData,
};

/// Prefixes of sources.
pub const ALLOW: List<IpNet, BTreeSet<IpNet>> = List {
    accepts: "addresses and prefixes, IPv4 and IPv6",
    hint: "write a list of prefixes, such as [\"192.0.2.0/24\", \"2001:db8::1\"]",
    read: |node, hint| node.text(hint, prefix),
    parse: |text| prefix(text).map_err(said),
    write: shown,
    collection: PhantomData,
};

/// Sinks.
pub const SINKS: List<SinkSpec> = List {
    accepts: "sinks, `KIND[/LEVEL]:TARGET`",
    hint: "write a list of sinks, such as [\"eve:/var/log/port12/eve.json\", \"journald\"]",
    read: |node, hint| node.text(hint, sink_of_file),
    parse: |text| text.parse().map_err(|error: SpecError| error.to_string()),
    write: ToString::to_string,
    collection: PhantomData,
};

/// A service that reads the file has any working directory.
fn sink_of_file(text: &str) -> Result<SinkSpec, String> {
    let sink: SinkSpec = text.parse().map_err(|error: SpecError| error.to_string())?;
    match sink.target.path().is_none_or(Path::is_absolute) {
        true => Ok(sink),
        false => Err("write an absolute path, such as \"eve:/var/log/port12/eve.json\"".to_owned()),
    }
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

impl<T: PartialEq, C> Form for List<T, C>
where
    C: FromIterator<T> + IntoIterator<Item = T>,
    for<'a> &'a C: IntoIterator<Item = &'a T>,
{
    type Value = C;

    fn read(&self, node: &Node<'_>) -> Result<C, Refusal> {
        Ok(node.each(self.hint, |node| (self.read)(node, self.hint))?.into_iter().collect())
    }

    fn parse(&self, texts: &[&str]) -> Result<C, String> {
        texts.iter().map(|text| (self.parse)(text)).collect()
    }

    fn write(&self, value: &C) -> Option<Value> {
        let texts: Vec<String> = value.into_iter().map(self.write).collect();
        Some(texts.into())
    }

    fn merge(&self, earlier: Valued<C>, later: Valued<C>) -> Valued<C> {
        let mut all: Vec<T> = earlier.value.into_iter().collect();
        for element in later.value {
            if !all.contains(&element) {
                all.push(element);
            }
        }
        Valued::new(all.into_iter().collect(), earlier.origin.and(later.origin))
    }

    fn shape(&self) -> Shape {
        let accepts = format!("a list of {}", self.accepts);
        Shape { arity: Arity::List, accepts, choices: Vec::new() }
    }
}
