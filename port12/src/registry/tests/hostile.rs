use std::{io::Write as _, sync::LazyLock};

use proptest::prelude::*;

use super::fixture::{csv, fault, line, lines, parse, xml};
use crate::registry::{Fault, MAX_BYTES, MAX_ROWS, Registry, RegistryError};

static OFFICIAL: LazyLock<[String; 2]> = LazyLock::new(|| [csv(&lines()), xml(&lines())]);

#[test]
fn an_empty_file_is_refused() {
    for text in ["", " \r\n", "\u{feff}"] {
        assert_eq!(fault(text), Fault::Empty);
    }
}

#[test]
fn another_header_is_refused_with_the_column_that_differs() {
    let text = OFFICIAL[0].replacen("Port Number", "Port", 1);
    let found = "\"Port\"".to_owned();
    assert_eq!(fault(text), Fault::Header { column: 2, found, expected: "Port Number" });
    let wide = OFFICIAL[0].replacen("Assignment Notes", "Assignment Notes,More", 1);
    assert_eq!(fault(wide), Fault::Fields { line: 1, found: 13, expected: 12 });
}

#[test]
fn a_record_without_twelve_fields_is_refused_with_its_line() {
    let text = format!("{}a,b\n", csv(&[]));
    assert_eq!(fault(text), Fault::Fields { line: 3, found: 2, expected: 12 });
}

#[test]
fn a_port_that_is_none_is_refused_with_its_line() {
    let line = line("x", "twelve", "tcp", "");
    let text = "\"twelve\"".to_owned();
    assert_eq!(
        fault(csv(std::slice::from_ref(&line))),
        Fault::Ports { line: 2, text: text.clone() }
    );
    assert_eq!(fault(xml(&[line])), Fault::Ports { line: 6, text });
}

#[test]
fn a_csv_that_is_cut_off_in_quotes_is_refused() {
    let text = &OFFICIAL[0];
    assert_eq!(fault(&text[..text.len() - 2]), Fault::Quotes);
}

#[test]
fn an_xml_that_is_cut_off_is_refused_wherever_that_is() {
    let text = &OFFICIAL[1];
    for end in (1..text.len() - 12).step_by(997) {
        if text.is_char_boundary(end) {
            parse(&text[..end]).unwrap_err();
        }
    }
}

#[test]
fn a_page_of_html_or_another_registry_is_refused() {
    assert_eq!(
        fault("<!DOCTYPE html><html><head><meta charset=x></head></html>"),
        Fault::Root { root: "\"html\"".to_owned() }
    );
    let other = OFFICIAL[1].replacen("id=\"service-names-port-numbers\"", "id=\"arp\"", 1);
    assert_eq!(fault(other), Fault::Root { root: "<\"registry\"> \"arp\"".to_owned() });
}

#[test]
fn binary_and_compressed_files_are_refused() {
    assert_eq!(fault(b"\x7fELF\0\0"), Fault::Binary { line: 1 });
    assert_eq!(fault(b"a\nb\xff"), Fault::Binary { line: 2 });
    assert_eq!(fault(b"\x1f\x8b\x08"), Fault::Compressed);
}

#[test]
fn entities_are_not_expanded_and_depth_is_bounded() {
    let bomb = OFFICIAL[1].replacen("<registry", "<!DOCTYPE r [<!ENTITY a \"b\">]><registry", 1);
    let bomb = bomb.replacen("Reserved", "&a;", 1);
    assert!(matches!(fault(bomb), Fault::Xml { .. }));
    let deep = OFFICIAL[1].replacen("<people/>", &"<a>".repeat(100_000), 1);
    assert!(matches!(fault(deep), Fault::Xml { .. }));
}

#[test]
fn too_many_rows_are_refused() {
    let many = vec![line("x", "0-1023", "", "y"); MAX_ROWS + 1];
    assert_eq!(fault(csv(&many)), Fault::TooManyRows);
}

#[test]
fn a_file_above_64_mib_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MAX_BYTES + 1).unwrap();
    file.flush().unwrap();
    let error = Registry::read(file.path()).unwrap_err();
    assert!(matches!(error, RegistryError::Refused { fault: Fault::TooLarge, .. }), "{error}");
}

#[test]
fn a_refusal_is_one_line_that_says_what_where_and_what_to_do() {
    let wild = "\u{1b}[2J\n".repeat(100);
    for text in [
        csv(&[line("x", &format!("\"{wild}\""), "tcp", "")]),
        OFFICIAL[1].replacen("</record>", &format!("</{wild}>"), 1),
        format!("<{}/>", "a".repeat(10_000)),
        wild.clone(),
    ] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.starts_with("registry file ports.csv: "), "{message}");
        assert!(message.contains("https://www.iana.org/"), "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
        assert!(message.len() < 400, "{message}");
    }
}

/// A file with some bytes replaced, inserted, removed or cut off.
fn mutated(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (index, kind, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match kind % 5 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, b"\"<>,\n&\0-"[usize::from(byte % 8)]),
            _ => drop(bytes.drain(at..(at + usize::from(*byte)).min(bytes.len()))),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_damaged_official_file_never_panics(
        xml in any::<bool>(),
        edits in prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6),
    ) {
        let bytes = mutated(OFFICIAL[usize::from(xml)].clone().into_bytes(), &edits);
        if let Ok(registry) = parse(bytes) {
            let read = Registry::from_compact(&registry.to_compact());
            prop_assert_eq!(read.unwrap().rows, registry.rows);
        }
    }

    #[test]
    fn a_damaged_table_never_panics(
        edits in prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6),
    ) {
        let table = include_bytes!("../../../data/wellknown.csv").to_vec();
        let _ = Registry::from_compact(&String::from_utf8_lossy(&mutated(table, &edits)));
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        parse(bytes).unwrap_err();
    }

    #[test]
    fn random_markup_never_panics(text in "[<>/!?a-c&;#x\"'= \\[\\]-]{0,200}") {
        parse(format!("<registry id=\"service-names-port-numbers\"><record>{text}")).unwrap_err();
        parse(format!("<{text}")).unwrap_err();
    }

    #[test]
    fn random_csv_never_panics(text in "[0-9a-c\",\r\n -]{0,200}") {
        parse(format!("{}{text}", csv(&[]))).unwrap_err();
    }
}
