//! Confirmations of drop mode in the state directory: the confirmed rules of each interface, by its name.

use std::{collections::BTreeMap, fmt::Write as _};

use port12_common::abi::{Rule, VERSION};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{StateDirectory, document::Document};
use crate::{
    kernel::state::{Rules, StateMap},
    trusted_path::PathError,
};

/// Hash of the rules of a policy: what drop mode drops, without the allowlist and bans.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RulesHash(String);

impl RulesHash {
    /// Of all rules, and the verdict on packets that are too deep ([`Policy::too_deep`](port12_common::abi::Policy)).
    pub fn of(rules: &Rules, too_deep: u64) -> Self {
        // SAFETY: a rule is a transparent byte, so an array of rules is as many initialized bytes.
        let bytes = unsafe {
            std::slice::from_raw_parts(std::ptr::from_ref(rules).cast::<u8>(), size_of::<Rules>())
        };
        const { assert!(size_of::<Rule>() == 1) };
        let mut hash = Sha256::new();
        // Another layout may mean something else by the same bytes.
        hash.update(VERSION.to_be_bytes());
        hash.update(too_deep.to_be_bytes());
        hash.update(bytes);
        let mut text = String::new();
        for byte in &hash.finalize()[..16] {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Of the rules in force.
    pub fn in_force(state: &StateMap) -> Self {
        Self::of(&state.rules(), state.too_deep())
    }
}

/// Confirmed rules of interfaces, present or absent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Confirmations {
    interfaces: BTreeMap<String, RulesHash>,
}

/// The file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    interfaces: BTreeMap<String, RulesHash>,
}

impl Document for File {
    const NAME: &'static str = "confirmations.json";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "no confirmation is read back";
}

impl Confirmations {
    /// Whether rules were confirmed on an interface.
    pub fn has(&self, interface: &str, rules: &RulesHash) -> bool {
        self.interfaces.get(interface) == Some(rules)
    }

    /// Takes the confirmation of rules, in place of the one before. Returns whether that is a change.
    pub fn confirm(&mut self, interface: &str, rules: RulesHash) -> bool {
        let before = self.interfaces.insert(interface.to_owned(), rules.clone());
        before != Some(rules)
    }

    /// Reads the file of a directory. A file that cannot be used is set aside, with a line about it.
    pub fn read_or_set_aside(directory: &StateDirectory) -> (Self, Option<String>) {
        let (file, line) = directory.document_or_set_aside::<File>();
        (file.map_or_else(Self::default, |it| Self { interfaces: it.interfaces }), line)
    }

    /// Writes the file of a directory.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn write(&self, directory: &StateDirectory) -> Result<(), PathError> {
        directory
            .write_document(&File { version: File::VERSION, interfaces: self.interfaces.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Layer},
        registry::Registry,
    };

    fn hash(too_deep: u64, change: impl FnOnce(&mut Rules)) -> RulesHash {
        let config = Config::of(None, Layer::default());
        let mut policy = config.compile(Registry::embedded()).policy;
        change(&mut policy.rules);
        RulesHash::of(&policy.rules, too_deep)
    }

    #[test]
    fn a_hash_is_of_all_rules() {
        let first = hash(0, |_| {});
        assert_eq!(first, hash(0, |_| {}));
        assert_ne!(first, hash(1, |_| {}));
        assert_ne!(first, hash(0, |rules| rules[0][12] = Rule::default()));
        assert_ne!(first, hash(0, |rules| rules.swap(0, 1)));
    }

    #[test]
    fn what_is_confirmed_is_read_back_for_the_same_interface_and_rules_alone() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::create(root.path()).unwrap();
        let [rules, other] = [hash(0, |_| {}), hash(1, |_| {})];
        let mut confirmations = Confirmations::default();
        assert!(confirmations.confirm("w0", rules.clone()));
        assert!(!confirmations.confirm("w0", rules.clone()));
        confirmations.write(&directory).unwrap();
        let (mut read, line) = Confirmations::read_or_set_aside(&directory);
        assert_eq!(line, None);
        assert!(read.has("w0", &rules) && !read.has("w0", &other) && !read.has("v0", &rules));
        assert!(read.confirm("w0", other) && !read.has("w0", &rules));
    }

    #[test]
    fn a_damaged_file_confirms_nothing() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::create(root.path()).unwrap();
        for text in ["", "{}", "{\"version\":2}", "{\"version\":1,\"interfaces\":{\"w0\":1}}"] {
            directory.replace(File::NAME, text.as_bytes()).unwrap();
            let (read, line) = Confirmations::read_or_set_aside(&directory);
            assert_eq!(read, Confirmations::default());
            assert!(line.unwrap().contains("no confirmation is read back"), "{text}");
        }
    }
}
