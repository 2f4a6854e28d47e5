//! No name adds a field, a line, a control character or one that turns text around. Each format is read
//! back by a reader of its own, which knows nothing of how it is written.

use std::collections::BTreeSet;

use pcap_parser::{Block, PcapError, PcapNGReader, traits::PcapReaderIterator as _};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    model::event::{self, Event, tests::any_record},
    sink::{Form, Level, SinkSpec, Target},
};

fn written(form: Form, record: &Record) -> Vec<u8> {
    let spec = SinkSpec { form, level: Level::Events, target: Target::Stdout };
    let mut out = Vec::new();
    let mut format = of(spec.form);
    if form == Form::Pcapng {
        format.begin(&mut out);
    }
    format.write(record, &mut out);
    out
}

/// No character that moves a cursor, ends a line, turns text around or hides (Unicode's categories Cc,
/// Zl, Zp, and the format characters of UAX 9).
fn is_plain(text: &str) -> bool {
    !text.chars().any(|it| {
        let code = u32::from(it);
        code < 0x20
            || (0x7f..0xa0).contains(&code)
            || (0x200b..=0x200f).contains(&code)
            || (0x2028..=0x202e).contains(&code)
            || (0x2060..=0x206f).contains(&code)
            || [0x61c, 0xfeff].contains(&code)
    })
}

/// One line, with or without its end.
fn is_one_line(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap();
    is_plain(text.strip_suffix('\n').unwrap_or(text))
}

/// The fields of a message, as SIEMs split them: at white space, and each at its first equals sign.
fn pairs(message: &str) -> Vec<(&str, &str)> {
    message.split_whitespace().filter_map(|word| word.split_once('=')).collect()
}

/// The same with quotes, in which a reader takes no white space and no equals sign for one.
fn unquoted(message: &str) -> String {
    message.split('"').step_by(2).collect()
}

/// The fields that a record has in a message: names, and values where nobody else chooses them.
fn expected(record: &Record) -> Vec<(&'static str, Option<String>)> {
    let description = record.describe();
    let fields = description.fields.known().chain(description.record.known());
    let fields = fields.filter_map(|field| {
        let value = match &field.value {
            event::Value::Number(number) => Some(number.to_string()),
            event::Value::Address(address) => Some(address.to_string()),
            event::Value::Word(word) => Some((*word).to_owned()),
            _ => None,
        };
        Some((field.in_message?, value))
    });
    fields.collect()
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|it| texts(it, found)),
        Value::Object(members) => {
            found.extend(members.keys().cloned());
            members.values().for_each(|it| texts(it, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The texts of a capture: options of interfaces and packets.
fn options(bytes: &[u8]) -> Vec<String> {
    let mut reader = PcapNGReader::new(1 << 20, bytes).unwrap();
    let mut found = Vec::new();
    loop {
        let size = match reader.next() {
            Ok((size, pcap_parser::PcapBlockOwned::NG(block))) => {
                // The name of an interface, the comment of a packet.
                let (options, code) = match block {
                    Block::InterfaceDescription(it) => (it.options, 2),
                    Block::EnhancedPacket(it) => (it.options, 1),
                    _ => (Vec::new(), 0),
                };
                let texts = options.iter().filter(|it| it.code.0 == code);
                found.extend(texts.map(|it| {
                    let value = &it.value[..usize::from(it.len)];
                    String::from_utf8_lossy(value).into_owned()
                }));
                size
            }
            Err(PcapError::Eof) => return found,
            Err(PcapError::Incomplete(_)) => {
                reader.refill().unwrap();
                continue;
            }
            Ok(_) => panic!("no block of a pcapng file"),
            Err(error) => panic!("{error:?}"),
        };
        reader.consume(size);
    }
}

proptest! {
    #[test]
    fn no_name_adds_a_field_to_a_syslog_message(record in any_record()) {
        let out = written(Form::Syslog, &record);
        prop_assert!(is_one_line(&out));
        let text = String::from_utf8(out).unwrap();
        prop_assert!(text.len() < 4096 + 24, "{}", text.len());
        let (head, message) = text.split_once(": ").unwrap();
        prop_assert!(head.starts_with('<') && head.ends_with(']'), "{}", head);
        let expected = expected(&record);
        let unquoted = unquoted(message);
        for found in [pairs(message), pairs(&unquoted)] {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            let wanted: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
            prop_assert_eq!(names, wanted, "{}", text);
            for ((name, value), (_, wanted)) in found.iter().zip(&expected) {
                let is_right = wanted.as_ref().is_none_or(|wanted| wanted == value);
                prop_assert!(is_right, "{} is {}, not {:?}: {}", name, value, wanted, text);
            }
        }
    }

    #[test]
    fn no_name_adds_a_field_to_an_entry_of_the_journal(record in any_record()) {
        // Panics where a field is there twice.
        let fields = journald::tests::read(&written(Form::Journald, &record));
        for (name, value) in &fields {
            prop_assert!(is_plain(value), "{name}: {value:?}");
        }
        let known = BTreeSet::from(["MESSAGE", "MESSAGE_ID", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER"]);
        let is_known = |name: &String| known.contains(&**name) || name.starts_with("PORT12_");
        prop_assert!(fields.keys().all(is_known), "{:?}", fields.keys());
        let source = match &record.event {
            Event::Scan(it) => Some(it.source),
            event => event.describe().tuple.source,
        };
        prop_assert_eq!(fields.get("PORT12_SOURCE").cloned(), source.map(|it| it.to_string()));
    }

    #[test]
    fn no_name_adds_a_key_or_a_line_to_eve(record in any_record()) {
        let out = written(Form::Eve, &record);
        prop_assert!(is_one_line(&out) && out.ends_with(b"\n"));
        let value: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(schema_refuses(&value), None);
        let mut found = Vec::new();
        texts(&value, &mut found);
        for text in found {
            prop_assert!(is_plain(&text), "{text:?}");
        }
        if !record.event.describe().tuple.is_packet {
            prop_assert_eq!(&value["src_ip"], &Value::Null);
        }
    }

    #[test]
    fn no_name_is_more_than_a_name_in_a_line_for_people(record in any_record()) {
        let out = written(Form::Human, &record);
        prop_assert!(is_one_line(&out) && out.ends_with(b"\n"));
        let text = String::from_utf8(out).unwrap();
        prop_assert!(text.matches('"').count().is_multiple_of(2), "{}", text);
        let said = unquoted(&text);
        // The text names two processes; what names say of others is in quotes.
        prop_assert!(said.matches(", user id ").count() <= 3, "{}", text);
        prop_assert!(!said.contains("8.8.8.8"), "{}", text);
        prop_assert!(!said.contains("sshd"), "{}", text);
    }

    #[test]
    fn no_name_adds_a_line_to_portsentrys(record in any_record()) {
        let out = written(Form::Portsentry, &record);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(is_one_line(text.as_bytes()));
        prop_assert!(text.matches("Scan from: [").count() <= 1, "{}", text);
        prop_assert!(!text.contains("8.8.8.8"), "{}", text);
    }

    #[test]
    fn no_name_adds_an_option_to_a_capture(record in any_record()) {
        let options = options(&written(Form::Pcapng, &record));
        for text in &options {
            prop_assert!(is_plain(text), "{text:?}");
        }
        let wanted = if record.event.probe().is_some() { 2 } else { 0 };
        prop_assert_eq!(options.len(), wanted);
    }
}
