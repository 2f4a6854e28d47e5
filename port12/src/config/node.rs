//! A value in the file, which knows its key and its line.

use std::{borrow::Borrow, fmt, ops::RangeInclusive, path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    config::{
        Fault, Origin, Ports, PortsError, Refusal, Valued,
        choice::{self, Choice},
    },
    text::shorten::excerpt,
};

/// A file, and its text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Its path.
    pub(super) path: &'a Arc<Path>,
    /// Its text.
    pub(super) text: &'a str,
}

/// A value in the file.
pub(super) struct Node<'a> {
    source: Source<'a>,
    /// Dotted, from the root.
    key: String,
    name: &'a str,
    value: &'a Spanned<DeValue<'a>>,
}

/// The line that a byte is in, from 1.
pub(super) fn line_of(text: &[u8], at: usize) -> usize {
    1 + text.iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// The entries of a table, in the order of the file.
pub(super) fn entries<'a>(
    source: Source<'a>,
    path: &str,
    table: &'a DeTable<'a>,
    accepted: &'static [&'static str],
) -> Result<Vec<Node<'a>>, Refusal> {
    members(source, path, table)
        .into_iter()
        .map(|(node, at)| match accepted.contains(&node.name) {
            true => Ok(node),
            false => Err(Refusal {
                line: line_of(source.text.as_bytes(), at),
                key: node.key,
                fault: Fault::UnknownKey { accepted },
            }),
        })
        .collect()
}

/// The entries of a table whatever their names, in the order of the file, and where their names stand.
fn members<'a>(source: Source<'a>, path: &str, table: &'a DeTable<'a>) -> Vec<(Node<'a>, usize)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
        .into_iter()
        .map(|(spanned, value)| {
            let name: &str = spanned.get_ref().borrow();
            let key = match path {
                "" => excerpt(name),
                path => format!("{path}.{}", excerpt(name)),
            };
            (Node { source, key, name, value }, spanned.span().start)
        })
        .collect()
}

impl<'a> Node<'a> {
    /// The last part of its key.
    pub(super) const fn name(&self) -> &'a str {
        self.name
    }

    /// Value that `read` makes of it, with its place.
    pub(super) fn valued<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, Refusal>,
    ) -> Result<Valued<T>, Refusal> {
        let origin = Origin::File { path: Arc::clone(self.source.path), line: self.line() };
        Ok(Valued::new(read(self)?, origin))
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Result<bool, Refusal> {
        self.value.get_ref().as_bool().ok_or_else(|| self.unaccepted("write true or false"))
    }

    /// One of a few names.
    pub(super) fn choice<T: Choice>(&self) -> Result<T, Refusal> {
        self.text(&choice::accepted::<T>(), choice::read)
    }

    /// A text that `parse` takes.
    pub(super) fn text<T, E: fmt::Display>(
        &self,
        accepted: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Refusal> {
        let text = self.value.get_ref().as_str().ok_or_else(|| self.unaccepted(accepted))?;
        parse(text).map_err(|error| self.unaccepted(error))
    }

    /// A number within a range.
    pub(super) fn number(
        &self,
        accepted: &str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, Refusal> {
        let number = self.value.get_ref().as_integer();
        number
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.unaccepted(accepted))
    }

    /// A number, or a text.
    pub(super) fn ports(&self) -> Result<Ports, Refusal> {
        match self.value.get_ref().as_integer() {
            Some(number) => u16::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| PortsError)
                .and_then(Ports::one)
                .map_err(|error| self.unaccepted(error)),
            None => self.text(&PortsError.to_string(), str::parse),
        }
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Values that `read` makes of the elements of a list.
    pub(super) fn each<T>(
        &self,
        accepted: &str,
        read: impl Fn(&Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let list = self.value.get_ref().as_array().ok_or_else(|| self.unaccepted(accepted))?;
        let element = |(index, value)| {
            let key = format!("{}[{index}]", self.key);
            read(&Node { source: self.source, key, name: self.name, value })
        };
        list.iter().enumerate().map(element).collect()
    }

    /// The entries of a table, in the order of the file.
    pub(super) fn entries(
        &self,
        accepted: &str,
        keys: &'static [&'static str],
    ) -> Result<Vec<Self>, Refusal> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.unaccepted(accepted))?;
        entries(self.source, &self.key, table, keys)
    }

    /// The entries of a table whatever their names, in the order of the file.
    pub(super) fn members(&self, accepted: &str) -> Result<Vec<Self>, Refusal> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.unaccepted(accepted))?;
        let members = members(self.source, &self.key, table).into_iter();
        Ok(members.map(|(node, _)| node).collect())
    }

    /// The refusal of this value.
    pub(super) fn unaccepted(&self, accepted: impl fmt::Display) -> Refusal {
        let found = excerpt(self.source.text.get(self.value.span()).unwrap_or_default());
        self.refuse(Fault::Value { found, accepted: accepted.to_string() })
    }

    /// A refusal at this place.
    pub(super) fn refuse(&self, fault: Fault) -> Refusal {
        Refusal { line: self.line(), key: self.key.clone(), fault }
    }

    /// Its line, from 1.
    pub(super) fn line(&self) -> usize {
        line_of(self.source.text.as_bytes(), self.value.span().start)
    }
}
