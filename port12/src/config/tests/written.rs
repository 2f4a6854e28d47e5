//! The written policy is the policy in force.

use std::path::Path;

use super::{RICH, config};
use crate::config::{Config, File, Layer, Origin, TABLE, Valued};

#[test]
fn the_configuration_that_is_written_is_read_again() {
    for text in ["", RICH, "registry = '/a \"b\" # c'\ninterfaces = [\"a\\nb\\u0001\", 'c\\*']"] {
        let written = config(text).to_toml();
        assert_eq!(config(&written), config(text), "{written}");
    }
}

#[test]
fn every_key_is_written_with_its_origin() {
    let overrides = Layer {
        pin: Some(Valued::new(true, Origin::Environment("PORT12_PIN".into()))),
        ..Layer::default()
    };
    let file = super::file("mode = \"drop\"\n[[port]]\nports = 12\nexpected = true").unwrap();
    let written = Config::of(Some(file), overrides).to_toml();
    for key in TABLE.iter().map(|key| key.name) {
        let is_key = |line: &&str| line.trim_start_matches('#').starts_with(&format!("{key} ="));
        let line = written.lines().find(is_key);
        assert!(line.is_some_and(|line| line.contains("  # ")), "{key} is not in {written}");
    }
    assert!(written.contains("mode = \"drop\"  # /p/port12.toml, line 1\n"), "{written}");
    assert!(written.contains("pin = true  # PORT12_PIN\n"), "{written}");
    assert!(written.contains("\n#confirm =  # default: none\n"), "{written}");
    assert!(written.contains("\n[[port]]  # /p/port12.toml, line 2\nports = [\"12\"]\n"));
}

#[test]
fn a_path_with_a_line_break_ends_no_comment() {
    let file = File::parse(Path::new("/a\nmode = 1"), b"mode = \"drop\"").unwrap();
    let odd = Config::of(Some(file), Layer::default());
    assert!(odd.to_toml().contains("mode = \"drop\"  # /a\\nmode = 1, line 1\n"));
}
