//! The `[ban]` table.

use std::time::Duration;

use toml::Value;

use super::{Form, Shape};
use crate::{
    config::{
        Fault, Refusal, choice,
        node::Node,
        part::{Part, names},
        time::ban,
    },
    kernel::banning::{Scope, Terms},
};

/// The keys of the `[ban]` table, and their documentation.
pub const BAN_PARTS: &[Part; 4] = &[
    Part { name: "after", text: "Probes of one source at which it is banned, 1 to 1000000." },
    Part {
        name: "for",
        text: "Time of the first ban, 1s to 1year. Each further ban takes twice as long, up to a day.",
    },
    Part { name: "within", text: "Time in which the probes count, 1s to 1year." },
    Part {
        name: "scope",
        text: "\"unassigned\": probes of a banned source are dropped. \"all\": loads the programs that\n\
               `port12 ban --scope all` requires, for which `after` is optional; such a ban drops\n\
               everything except established connections. Bans by the program itself are\n\
               \"unassigned\" in either case, since source addresses can be forged.",
    },
];

/// The keys of the `[ban]` table.
pub const BAN_KEYS: &[&str] = &names(BAN_PARTS);

/// Greatest value of `after`.
const MOST: u64 = 1_000_000;

const AFTER: &str = "write a number of probes from 1 to 1000000";

/// How long a ban takes where the table does not say.
const TIME: Duration = Duration::from_secs(600);

/// In what time the probes count where the table does not say.
const WITHIN: Duration = Duration::from_secs(600);

/// Terms of bans by the program itself.
pub struct BanTable;

impl Form for BanTable {
    type Value = Terms;

    fn read(&self, node: &Node<'_>) -> Result<Terms, Refusal> {
        read(node)
    }

    fn parse(&self, _: &[&str]) -> Result<Terms, String> {
        Err("write `[ban]` in the policy file".to_owned())
    }

    fn write(&self, terms: &Terms) -> Option<Value> {
        let time = |time| Value::from(humantime::format_duration(time).to_string());
        let after = terms.after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
        let keys = [
            ("after", after.map(Value::from)),
            ("for", Some(time(terms.time))),
            ("within", Some(time(terms.within))),
            ("scope", Some(choice::name(terms.scope).into())),
        ];
        let present = keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Some(Value::Table(present.collect()))
    }

    fn shape(&self) -> Shape {
        Shape::one("a table")
    }
}

/// Reads the table.
fn read(node: &Node<'_>) -> Result<Terms, Refusal> {
    let (mut after, mut time, mut within, mut scope) = (None, TIME, WITHIN, Scope::default());
    let accepted = "write a time such as \"10m\"";
    for entry in node.entries("write `[ban]` above its keys", BAN_KEYS)? {
        match entry.name() {
            "after" => after = Some(entry.number(AFTER, 1..=MOST)?),
            "for" => time = entry.text(accepted, ban)?,
            "within" => within = entry.text(accepted, ban)?,
            "scope" => scope = entry.choice()?,
            _ => {}
        }
    }
    // Where all of a source may be dropped, that may be for the operator alone to say.
    if after.is_none() && scope == Scope::Unassigned {
        return Err(node.refuse(Fault::Missing { key: "after", accepted: AFTER.to_owned() }));
    }
    Ok(Terms { after, time, within, scope })
}
