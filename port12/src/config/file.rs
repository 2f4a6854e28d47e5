//! The policy file, read and checked line by line.

mod parts;
mod rule;

use std::{ffi::OsStr, path::Path, sync::Arc};

use toml::de::DeTable;

pub use self::parts::{PORT_KEYS, PORT_PARTS};
use super::{
    ConfigError, Fault, KEYS, Layer, PortRule, Refusal, TABLE, Valued,
    node::{Source, entries, line_of},
};
use crate::trusted_path::{self, Directory, PathError};

/// Files above this size are refused.
pub(super) const MAX_BYTES: u64 = 1 << 20;

const RESET: &str = "write a list of keys, such as [\"allow\", \"port\"]";

/// A policy file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Where it was read from.
    pub path: Arc<Path>,
    /// Values outside of its rules.
    pub layer: Layer,
    /// The rules, in the order of the file; the later one wins.
    pub rules: Vec<Valued<PortRule>>,
    /// Keys whose values in the files before this one do not apply, and the line that says so.
    pub reset: Vec<(&'static str, usize)>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = trusted_path::read(path, MAX_BYTES).map_err(|error| match error {
            PathError::TooLarge { path, most } => ConfigError::TooLarge { path, most },
            error => ConfigError::Read { path: path.to_owned(), cause: error.into() },
        })?;
        Self::parse(path, &bytes)
    }

    /// Reads a drop-in.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub(super) fn read_in(
        directory: &Directory,
        path: &Path,
        name: &OsStr,
    ) -> Result<Self, ConfigError> {
        let path = path.join(name);
        let bytes = directory.read(name, MAX_BYTES).map_err(|error| match error {
            PathError::TooLarge { most, .. } => ConfigError::TooLarge { path: path.clone(), most },
            error => ConfigError::DropIns { path: path.clone(), cause: error.into() },
        })?;
        Self::parse(&path, &bytes)
    }

    /// Reads the content of a file. The path is for messages.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooLarge`], [`ConfigError::Refused`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(ConfigError::TooLarge { path: path.to_owned(), most: MAX_BYTES });
        }
        let mut file = Self {
            path: path.into(),
            layer: Layer::default(),
            rules: Vec::new(),
            reset: Vec::new(),
        };
        match file.fill(bytes) {
            Ok(()) => Ok(file),
            Err(refusal) => Err(ConfigError::Refused { path: path.to_owned(), refusal }),
        }
    }

    fn fill(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let text = text(bytes)?;
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let fault = Fault::Syntax(error.message().to_owned());
            Refusal { line: line_of(bytes, at), key: key_before(text, at), fault }
        })?;
        let path = Arc::clone(&self.path);
        let source = Source { path: &path, text };
        for node in entries(source, "", table.get_ref(), KEYS)? {
            match node.name() {
                "port" => {
                    let accepted = "write `[[port]]` above each rule";
                    self.rules = node.each(accepted, |node| node.valued(rule::read))?;
                }
                "reset" => {
                    self.reset =
                        node.each(RESET, |node| Ok((node.text(RESET, reset)?, node.line())))?;
                }
                name => {
                    if let Some(key) = TABLE.iter().find(|key| key.name == name) {
                        (key.read)(&mut self.layer, &node)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The key that a text names.
fn reset(name: &str) -> Result<&'static str, &'static str> {
    let keys = TABLE.iter().map(|key| key.name).chain(["port"]);
    keys.into_iter().find(|key| *key == name).ok_or(RESET)
}

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = line_of(bytes, error.valid_up_to());
        Refusal { line, key: String::new(), fault: Fault::NotText }
    })
}

/// The key of the entry that a byte is in, where its line begins with one that there is.
fn key_before(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let is_key = KEYS.contains(&key) || PORT_KEYS.contains(&key);
    if is_key { key.to_owned() } else { String::new() }
}
