//! JSON documents of all commands, against their schema files.

use std::{fs, path::Path};

use jsonschema::Validator;
use serde_json::Value;

use crate::{
    support::{Bpffs, Pair, addresses::BOTH, frame::syn, lab, sockets::wait_for_socket},
    who::Running,
};

/// Every key of a document is in its schema. The schema files allow more: later versions have further keys.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type") == Some(&"object".into()) && members.contains_key("properties") {
                members.insert("unevaluatedProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn validator(name: &str) -> Validator {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/schema");
    let text = fs::read_to_string(directory.join(format!("{name}.schema.json"))).unwrap();
    let mut schema = serde_json::from_str(&text).unwrap();
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn fits(name: &str, document: &Value) {
    let errors: Vec<String> = validator(name)
        .iter_errors(document)
        .map(|it| format!("{}: {it}", it.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{name}: {document}");
}

/// A wrong document fits no schema.
#[test]
fn a_key_that_is_not_in_a_schema_is_found() {
    let document = serde_json::json!({"interfaces": [], "remembered": 0, "sources": []});
    fits("sources", &document);
    let with = |key: &str, value: Value| {
        let mut document = document.clone();
        document[key] = value;
        validator("sources").is_valid(&document)
    };
    assert!(!with("sorces", Value::Null));
    assert!(!with("remembered", Value::Null));
}

#[test]
fn each_command_writes_what_its_schema_says() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let near = &pair.near;
        let policy = tempfile::NamedTempFile::new().unwrap();
        let text = "[[port]]\nports = \"12/tcp\"\nexpected = true\n[ban]\nafter = 1000\n";
        fs::write(policy.path(), text).unwrap();
        let args = format!("-i w0 --pin --egress --config {}", policy.path().display());
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut run = bpffs.run(near, &format!("{args} --sink human:{}", log.path().display()));
        let _listener = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(near, "tcp", 12);
        for port in [12, 81, 82] {
            pair.far_raw().send(&syn(BOTH[0], port));
            pair.far_raw().send(&syn(BOTH[1], port));
        }
        bpffs.ok(near, "ban 192.0.2.99 --for 1h");
        bpffs.ok(near, "allow add 198.51.100.0/24");
        let report = run.wait_for("probes", |it| it.port("tcp", 81, "packets") == 2);
        fits("report", &report.0);
        let commands = [
            ("allow", "allow list"),
            ("bans", "bans"),
            ("check", "check --print-effective"),
            ("explain", "explain 12"),
            ("explain", "explain 4000"),
            ("ports", "ports"),
            ("report", "stats"),
            ("sources", "sources"),
            ("status", "status"),
            ("who", "who 12"),
            ("who", "who 1-1023/tcp"),
        ];
        let all = |run: &str| {
            for (name, args) in commands {
                let written = bpffs.ok(near, &format!("{args} --output json"));
                let document = serde_json::from_str(written.trim());
                let document = document.unwrap_or_else(|error| panic!("{run}, {args}: {error}"));
                fits(name, &document);
            }
        };
        all("with a daemon");
        fits("report", &run.stop().0);
        all("without a daemon");
    });
}
