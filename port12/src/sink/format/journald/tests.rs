use std::collections::BTreeMap;

use super::*;
use crate::model::event::{Probe, tests::sample};

/// What the journal reads out of a datagram; panics where it would refuse it.
pub(in super::super) fn read(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|&byte| byte == b'\n').expect("a field has an end");
        let line = std::str::from_utf8(&bytes[..end]).unwrap();
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => {
                bytes = &bytes[end + 1..];
                (name, value.to_owned())
            }
            None => {
                let (length, rest) = bytes[end + 1..].split_first_chunk::<8>().unwrap();
                let (value, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
                bytes = rest.strip_prefix(b"\n").expect("a value has an end");
                (line, String::from_utf8(value.to_vec()).unwrap())
            }
        };
        // The names that journald takes: letters, digits and underscores, not one in front.
        assert!(name.starts_with(|it: char| it.is_ascii_uppercase()), "{name}");
        assert!(name.len() <= 64 && !name.contains(|it: char| it.is_ascii_lowercase()));
        assert_eq!(fields.insert(name.to_owned(), value), None, "{name} is there twice");
    }
    fields
}

fn of(record: impl Into<Record>) -> BTreeMap<String, String> {
    let mut out = Vec::new();
    Journald.write(&record.into(), &mut out);
    read(&out)
}

#[test]
fn an_event_has_a_field_for_each_fact() {
    let fields = of(sample::event());
    for (name, value) in [
        ("MESSAGE", "eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL 54"),
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "port12"),
        ("PORT12_RECORD", "probe"),
        ("PORT12_INTERFACE", "eth0"),
        ("PORT12_SOURCE", "192.0.2.1"),
        ("PORT12_SOURCE_PORT", "40000"),
        ("PORT12_DESTINATION", "198.51.100.7"),
        ("PORT12_TRANSPORT", "tcp"),
        ("PORT12_PORT", "12"),
        ("PORT12_VERDICT", "drop"),
        ("PORT12_SHAPE", "tcp_syn"),
        ("PORT12_TTL", "54"),
        ("PORT12_TOUCH", "first"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert!(!fields.contains_key("PORT12_VLAN"));
}

#[test]
fn an_alert_has_all_of_its_ports() {
    let fields = of(sample::alert());
    assert_eq!(fields["PRIORITY"], "4");
    assert_eq!(fields["PORT12_RECORD"], "scan");
    assert_eq!(fields["PORT12_SCAN"], "syn");
    assert_eq!(fields["PORT12_PORTS"], "tcp/2,12-14");
    let mut end = sample::alert();
    end.is_end = true;
    let ended = of(end.clone());
    assert_eq!(ended["PORT12_RECORD"], "scan_end");
    assert_ne!(ended["MESSAGE_ID"], fields["MESSAGE_ID"]);
}

#[test]
fn a_listener_has_the_fields_of_its_process() {
    let fields = of(sample::reached());
    for (name, value) in [
        ("PRIORITY", "2"),
        ("PORT12_RECORD", "listener"),
        ("PORT12_LISTENER", "reached"),
        ("PORT12_INTERFACE", "eth0"),
        ("PORT12_PACKETS", "3"),
        ("PORT12_PORT", "12"),
        ("PORT12_PID", "4711"),
        ("PORT12_PROCESS", "nc"),
        ("PORT12_EXE", "/usr/bin/nc"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert!(!fields.contains_key("PORT12_SOURCE"));
}

#[test]
fn a_value_with_a_line_end_forges_no_field() {
    let interface = "a\nPRIORITY=0\n".into();
    let fields = of(Probe { interface, ..sample::event() });
    assert_eq!(fields["PORT12_INTERFACE"], r"a\nPRIORITY=0\n");
    assert_eq!(fields["PRIORITY"], "6");
    assert!(!fields["MESSAGE"].contains('\n'));
}
