//! The `[labels]` table.

use std::collections::BTreeMap;

use toml::Value;

use super::{Form, Shape};
use crate::config::{Refusal, node::Node};

/// Most labels.
const MOST: usize = 16;

/// Most characters of a name.
const NAME: usize = 32;

/// Most characters of a value.
const VALUE: usize = 64;

const TABLE: &str = "write a table of texts, such as { site = \"fra1\", role = \"edge\" }";

/// Names and texts that records show.
pub struct Labels;

impl Form for Labels {
    type Value = BTreeMap<String, String>;

    fn read(&self, node: &Node<'_>) -> Result<Self::Value, Refusal> {
        let members = node.members(TABLE)?;
        if members.len() > MOST {
            return Err(node.unaccepted(format_args!("write {MOST} labels at most")));
        }
        let members = members.iter().map(|member| {
            let name = member.name();
            if !is_name(name) {
                let accepted = format!(
                    "write a name of at most {NAME} lower-case letters, digits and underscores, with a letter first"
                );
                return Err(member.unaccepted(accepted));
            }
            Ok((name.to_owned(), member.text(TABLE, value)?))
        });
        members.collect()
    }

    fn parse(&self, _: &[&str]) -> Result<Self::Value, String> {
        Err("write `labels` in the policy file".to_owned())
    }

    fn write(&self, labels: &Self::Value) -> Option<Value> {
        let entries = labels.iter().map(|(name, text)| (name.clone(), Value::from(text.clone())));
        Some(Value::Table(entries.collect()))
    }

    fn shape(&self) -> Shape {
        Shape::one(format!("a table of at most {MOST} names and texts"))
    }
}

/// The journal has names of 64 characters, `PORT12_LABEL_` in front of these.
fn is_name(name: &str) -> bool {
    name.len() <= NAME
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

fn value(text: &str) -> Result<String, String> {
    match (1..=VALUE).contains(&text.chars().count()) {
        true => Ok(text.to_owned()),
        false => Err(format!("write 1 to {VALUE} characters")),
    }
}
