//! The encoder of each format, through which all of its records go. Others name programs, processes,
//! units and interfaces: no name adds a field, a line, a control character or a character that turns
//! text around.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::ser::Serializer;

use crate::{
    model::event::Value,
    text::{
        Printable,
        escape::needs_escape,
        json::PrintableTexts,
        shorten::{cut_bytes, start},
        time,
    },
};

/// Bytes of a message's text before its fields, where others have a say in it.
const MAX_TEXT: usize = 3072;

/// Characters of a field's value. The name of an interface has 15 bytes.
const MAX_VALUE: usize = 64;

/// A value as text, in one line once it is escaped. Values of a list are separated by commas.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Absent => String::new(),
        Value::Text(text) => text.clone(),
        Value::Word(word) => (*word).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Address(address) => address.to_string(),
        Value::Time(time) => time::rfc3339_micros(*time),
        Value::List(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| *value != Value::Absent);
            let members = members.map(|(name, value)| format!("{name}:{}", text(value)));
            members.collect::<Vec<_>>().join(",")
        }
    }
}

/// A line, with its end.
pub(super) fn line(text: &str, out: &mut Vec<u8>) {
    out.extend(format!("{}\n", Printable(text)).as_bytes());
}

/// A text with fields behind it, `NAME=value`, as netfilter's LOG writes them. A reader splits it at
/// white space, and takes for a field what has an equals sign in it.
pub(super) struct Message {
    text: String,
    fields: String,
}

impl Message {
    pub(super) fn new(text: &str) -> Self {
        let mut text = without_fields(text, |it| it != ' ' && it.is_whitespace());
        cut_bytes(&mut text, MAX_TEXT);
        // A reader may know quotes.
        if text.matches('"').count() % 2 == 1 {
            text.push('"');
        }
        Self { text, fields: String::new() }
    }

    pub(super) fn field(&mut self, name: &'static str, value: &Value) {
        let value = text(value);
        let value = without_fields(start(&value, MAX_VALUE), |it| it.is_whitespace() || it == '"');
        // Writing to a text does not fail.
        let _ = write!(self.fields, " {name}={value}");
    }

    /// Text and fields: fewer than 4,096 bytes, which every receiver takes. rsyslog's default is 8 KiB
    /// in all.
    pub(super) fn finish(self) -> String {
        self.text + &self.fields
    }
}

/// Escapes equals signs, what a terminal obeys, and more.
fn without_fields(text: &str, more: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character == '=' || needs_escape(character) || more(character) {
            true => escaped.extend(character.escape_unicode()),
            false => escaped.push(character),
        }
    }
    escaped
}

/// A field of the journal's native protocol. A value has no line end, so that its length is not needed
/// in front (systemd.io/JOURNAL_NATIVE_PROTOCOL).
pub(super) fn journal_field(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend(format!("{name}={}\n", Printable(value)).as_bytes());
}

/// A line of JSON. What is escaped in its texts is escaped for those who read the JSON and print it.
pub(super) fn json_line(record: &impl Serialize, out: &mut Vec<u8>) {
    let before = out.len();
    // Writing to memory does not fail, and every key is text.
    match record.serialize(&mut Serializer::with_formatter(&mut *out, PrintableTexts)) {
        Ok(()) => out.push(b'\n'),
        Err(_) => out.truncate(before),
    }
}
