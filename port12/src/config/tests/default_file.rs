//! `dist/port12.toml` says what the defaults are, and every key is in it.

use super::{config, file};
use crate::config::{Config, KEYS, Layer, file::PORT_KEYS};

const FILE: &str = include_str!("../../../../dist/port12.toml");

/// The lines that `uncomment` takes the comment from, for the rest of the file as it is.
fn uncommented(uncomment: impl Fn(&str) -> Option<&str>) -> String {
    FILE.lines().map(|line| format!("{}\n", uncomment(line).unwrap_or(line))).collect()
}

/// A default: `#` and a key.
fn default(line: &str) -> Option<&str> {
    line.strip_prefix('#')
        .filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
}

/// An example: set in by three blanks.
fn example(line: &str) -> Option<&str> {
    line.strip_prefix("#   ").filter(|rest| !rest.starts_with(' '))
}

fn defaults() -> Config {
    Config { file: config("").file, ..Config::of(None, Layer::default()) }
}

#[test]
fn as_it_is_it_changes_nothing() {
    assert_eq!(config(FILE), defaults());
    assert!(FILE.lines().all(|line| line.is_empty() || line.starts_with('#')));
}

#[test]
fn with_every_default_uncommented_it_changes_nothing() {
    assert_eq!(config(&uncommented(default)), defaults());
}

#[test]
fn its_examples_are_accepted() {
    let config = config(&uncommented(example));
    assert_eq!(config.rules.len(), 4);
    assert!(config.ban.value.is_some());
    assert!(config.confirm.value.is_some() && config.registry.value.is_some());
}

#[test]
fn every_key_is_in_it() {
    let keys: Vec<&str> = FILE
        .lines()
        .filter_map(|line| default(line).or_else(|| example(line)))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .collect();
    for key in KEYS.iter().chain(PORT_KEYS).filter(|key| !["port", "reset"].contains(*key)) {
        assert!(keys.contains(key), "{key}");
    }
    assert!(FILE.contains("\n#   [[port]]\n"));
    file(FILE).unwrap();
}
