//! The annotated file and the reference page are those of the table.

use crate::config::{
    TABLE,
    reference::{annotated_file, page},
};

const STALE: &str = "it is not what the table of keys makes: run `cargo xtask policy-docs`";

#[test]
fn the_annotated_file_is_made_of_the_table() {
    let file = include_str!("../../../../dist/port12.toml");
    assert!(file == annotated_file(), "dist/port12.toml: {STALE}");
}

#[test]
fn the_reference_page_is_made_of_the_table() {
    let file = include_str!("../../../../docs/POLICY.md");
    assert!(file == page(), "docs/POLICY.md: {STALE}");
}

#[test]
fn every_key_has_its_own_place_on_the_page() {
    let page = page();
    for key in TABLE {
        assert!(page.contains(&format!("\n### `{}`\n", key.name)), "{}", key.name);
    }
}

#[test]
fn the_keys_of_a_section_stand_together() {
    let mut sections: Vec<_> = TABLE.iter().map(|key| key.about.section).collect();
    sections.dedup();
    let count = sections.len();
    sections.sort_unstable();
    sections.dedup();
    assert_eq!(sections.len(), count);
}
