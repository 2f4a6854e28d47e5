//! The configuration, written down.

use std::fmt::Write as _;

use toml::Value;

use super::{Config, Origin, PortAction, PortRule, Valued, choice, prefix};
use crate::{kernel::banning::Terms, text::Printable};

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
            let origin = self.origin(&origin);
            let line = match value {
                Some(value) => format!("{key} = {value}  # {origin}\n"),
                None => format!("#{key} =  # {origin}: none\n"),
            };
            text.push_str(&line);
        }
        for rule in &self.rules {
            let _ = write!(text, "\n[[port]]  # {}\n", self.origin(&rule.origin));
            for (key, value) in rule.value.entries() {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        text
    }

    /// Every key outside of the rules, in the order of [`KEYS`](super::file::KEYS).
    pub fn entries(&self) -> Vec<Entry> {
        let list = |texts: Vec<String>| Value::from(texts);
        let time = |time| Value::from(humantime::format_duration(time).to_string());
        // A relative path is that of this process, and the file may be read elsewhere.
        let registry = self.registry.value.as_ref().map(|path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            Value::from(path.to_string_lossy().into_owned())
        });
        let texts =
            |patterns: &[super::Pattern]| patterns.iter().map(ToString::to_string).collect();
        let allow = self.allow.value.iter().map(prefix::shown).collect();
        let extra = self.extra.value.iter().map(ToString::to_string).collect();
        let sinks = self.sinks.value.iter().map(ToString::to_string).collect();
        vec![
            entry("interfaces", &self.interfaces, Some(list(texts(&self.interfaces.value)))),
            entry("exclude", &self.exclude, Some(list(texts(&self.exclude.value)))),
            entry("mode", &self.mode, Some(choice::name(self.mode.value).into())),
            entry("xdp_mode", &self.xdp_mode, Some(choice::name(self.xdp_mode.value).into())),
            entry("transit", &self.transit, Some(choice::name(self.transit.value).into())),
            entry("forwarding", &self.forwarding, Some(choice::name(self.forwarding.value).into())),
            entry("too_deep", &self.too_deep, Some(choice::name(self.too_deep.value).into())),
            entry("confirm", &self.confirm, self.confirm.value.map(time)),
            entry(
                "include_reserved",
                &self.include_reserved,
                Some(self.include_reserved.value.into()),
            ),
            entry("extra", &self.extra, Some(list(extra))),
            entry("allow", &self.allow, Some(list(allow))),
            entry("ban", &self.ban, self.ban.value.as_ref().map(terms)),
            entry("registry", &self.registry, registry),
            entry("egress", &self.egress, Some(self.egress.value.into())),
            entry("pin", &self.pin, Some(self.pin.value.into())),
            entry("reattach", &self.reattach, Some(self.reattach.value.into())),
            entry(
                "least_privilege",
                &self.least_privilege,
                Some(self.least_privilege.value.into()),
            ),
            entry("interval", &self.interval, Some(time(self.interval.value))),
            entry(
                "remember_sources",
                &self.remember_sources,
                Some(i64::try_from(self.remember_sources.value).unwrap_or(i64::MAX).into()),
            ),
            entry("sinks", &self.sinks, Some(list(sinks))),
            entry(
                "frame_bytes",
                &self.frame_bytes,
                Some(i64::try_from(self.frame_bytes.value).unwrap_or(i64::MAX).into()),
            ),
            entry("output", &self.output, Some(choice::name(self.output.value).into())),
        ]
    }

    /// An origin, with the file's name.
    pub fn origin(&self, origin: &Origin) -> String {
        match (origin, &self.file) {
            (Origin::File { line }, Some(path)) => {
                format!("{}, line {line}", Printable(path.display()))
            }
            (origin, _) => origin.to_string(),
        }
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

fn terms(terms: &Terms) -> Value {
    let time = |time| Value::from(humantime::format_duration(time).to_string());
    let after = terms.after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let keys = [
        ("after", after.map(Value::from)),
        ("for", Some(time(terms.time))),
        ("within", Some(time(terms.within))),
        ("scope", Some(choice::name(terms.scope).into())),
    ];
    let present = keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Table(present.collect())
}

fn entry<T>(key: &'static str, valued: &Valued<T>, value: Option<Value>) -> Entry {
    Entry { key, value, origin: valued.origin.clone() }
}
