//! Schemas of the JSON documents, made from their types: `dist/schema/` has them.

use std::{fs, path::Path};

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::de::DeserializeOwned;

use crate::{
    explain::Explanation,
    model::{BannedSource, DaemonState, SourceTables, State},
    report::{Report, WhoReport},
};

/// The schema of a document, which can be read back.
fn schema<T: JsonSchema + DeserializeOwned>(title: &str) -> Schema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}

/// Every JSON document of the commands, by the name of its file.
fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("allow", schema::<Vec<super::allow::Entry>>("`port12 allow --output json`")),
        ("bans", schema::<Vec<BannedSource>>("`port12 bans --output json`")),
        ("check", schema::<super::check::Document>("`port12 check --output json`")),
        (
            "check-diff",
            schema::<super::check::diff::Document>("`port12 check --diff --output json`"),
        ),
        ("explain", schema::<Explanation>("`port12 explain --output json`")),
        ("ports", schema::<super::ports::Document>("`port12 ports --output json`")),
        (
            "report",
            schema::<Report>("a line of `port12 run`, `stats` and `replay` with `--output json`"),
        ),
        ("sources", schema::<SourceTables>("`port12 sources --output json`")),
        (
            "daemon-state",
            schema::<DaemonState>("the file that `port12 run` writes for other commands"),
        ),
        ("status", schema::<State>("`port12 status --output json`")),
        ("who", schema::<WhoReport>("`port12 who --output json`")),
    ]
}

/// Written anew with `PORT12_WRITE_SCHEMAS=1`.
#[test]
fn the_schema_files_are_those_of_the_types() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/schema");
    let writes = std::env::var_os("PORT12_WRITE_SCHEMAS").is_some();
    let mut names = Vec::new();
    for (name, schema) in all() {
        let file = format!("{name}.schema.json");
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if writes {
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(&file), &text).unwrap();
        }
        let committed = fs::read_to_string(directory.join(&file)).unwrap_or_default();
        let remedy = "PORT12_WRITE_SCHEMAS=1 cargo test -p port12 --lib schemas writes it anew";
        assert!(committed == text, "dist/schema/{file} differs from the types: {remedy}");
        names.push(file);
    }
    let there = fs::read_dir(directory).unwrap();
    let mut there: Vec<String> =
        there.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    there.sort_unstable();
    names.sort_unstable();
    assert_eq!(there, names);
}
