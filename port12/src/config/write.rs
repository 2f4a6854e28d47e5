//! The configuration, written down.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml::Value;

use super::{Config, Key, Origin, PortAction, PortRule, TABLE, choice};

/// A key outside of the rules, and what is in force for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key of the file.
    pub key: &'static str,
    /// The value, where there is one.
    pub value: Option<Value>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// The configuration as a policy file: every key, each with its origin in a comment. Read
    /// again, it is the same configuration, but for a registry's path that is not UTF-8.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for Entry { key, value, origin } in self.entries() {
            let line = match value {
                Some(value) => format!("{key} = {value}  # {origin}\n"),
                None => format!("#{key} =  # {origin}: none\n"),
            };
            text.push_str(&line);
        }
        for rule in &self.rules {
            let _ = write!(text, "\n[[port]]  # {}\n", rule.origin);
            for (key, value) in rule.value.entries() {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        text
    }

    /// Hash of the values in force, 16 hexadecimal digits: the same wherever the values come from.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for Entry { key, value, .. } in self.entries() {
            hash.update(format!("{key}={}\n", value.map_or_else(String::new, |it| it.to_string())));
        }
        for rule in &self.rules {
            for (key, value) in rule.value.entries() {
                hash.update(format!("port.{key}={value}\n"));
            }
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every key outside of the rules, in the order of [`TABLE`](super::TABLE).
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |key: &Key| Entry {
            key: key.name,
            value: (key.value)(self),
            origin: (key.origin)(self).clone(),
        };
        TABLE.iter().map(entry).collect()
    }
}

impl PortRule {
    /// The keys of the rule, and what it says for each.
    pub fn entries(&self) -> Vec<(&'static str, Value)> {
        let ports: Vec<_> = self.ports.iter().map(ToString::to_string).collect();
        let mut entries = vec![("ports", Value::from(ports))];
        if let Some(action) = &self.action {
            entries.push(("action", choice::name(*action).into()));
        }
        if self.action == Some(PortAction::Drop) {
            entries.push(("enforce", self.enforce.into()));
        }
        if let Some(expected) = self.expected {
            entries.push(("expected", expected.into()));
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{File, Layer};

    fn hash(text: &str) -> String {
        let file = File::parse("/etc/port12/port12.toml".as_ref(), text.as_bytes()).unwrap();
        Config::of(Some(file), Layer::default()).hash()
    }

    #[test]
    fn the_hash_is_one_of_values_and_not_of_their_places() {
        assert_eq!(
            hash("mode = \"drop\"\negress = false"),
            hash("\n# A comment.\nmode = \"drop\"")
        );
        assert_ne!(hash("mode = \"drop\""), hash(""));
        let rule = |port: u16| format!("[[port]]\nports = {port}\naction = \"drop\"\n");
        assert_ne!(hash(&rule(12)), hash(&rule(14)));
    }
}
