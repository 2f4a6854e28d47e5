//! The whole story of a port: real programs, and what `port12 explain` makes of them.

mod broken;
mod foretold;
mod told;
mod unseen;

use std::process::Command;

use serde_json::Value;

use crate::support::{Bpffs, Namespace};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// What `port12 explain` tells, as JSON.
pub fn explain(bpffs: &Bpffs, namespace: &Namespace, args: &str) -> Value {
    let text = bpffs.ok(namespace, &format!("explain --output json {args}"));
    serde_json::from_str(&text).unwrap()
}

/// What a command that ends well prints as JSON, and as text without `--output json`.
fn both(command: impl Fn() -> Command) -> (Value, String) {
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said, "", "all is in the report");
        String::from_utf8(output.stdout).unwrap()
    };
    let json = run(command().args(["--output", "json"]));
    (serde_json::from_str(&json).unwrap(), run(&mut command()))
}

/// What is told of an interface.
pub fn interface<'a>(story: &'a Value, name: &str) -> &'a Value {
    let mut all = story["interfaces"].as_array().unwrap().iter();
    all.find(|it| it["interface"] == name).unwrap_or_else(|| panic!("{name}: {story}"))
}

/// What is told of the port on a transport of an interface, or of what is configured.
pub fn on<'a>(place: &'a Value, transport: &str) -> &'a Value {
    let mut ports = place["ports"].as_array().unwrap().iter();
    ports.find(|it| it["transport"] == transport).unwrap_or_else(|| panic!("{transport}: {place}"))
}

/// Forecast for an unknown source on a transport of an interface, or of the policy file; null if there is none.
pub fn forecast<'a>(place: &'a Value, transport: &str) -> &'a Value {
    match place.get("unknown_source") {
        Some(all) => {
            let mut all = all.as_array().unwrap().iter();
            all.find(|it| it["transport"] == transport).unwrap_or(&Value::Null)
        }
        None => &on(place, transport)["unknown_source"],
    }
}

/// The advice of a kind about a transport.
pub fn advice<'a>(story: &'a Value, finding: &str, transport: &str) -> &'a Value {
    let about = |it: &&Value| {
        let mut ports = it["ports"].as_array().unwrap().iter();
        it["finding"] == finding && ports.any(|port| port["transport"] == transport)
    };
    let all = story["advice"].as_array().unwrap();
    all.iter().find(about).unwrap_or_else(|| panic!("{finding} of {transport}: {all:#?}"))
}

/// Whether some step says something.
pub fn says(advice: &Value, text: &str) -> bool {
    advice["steps"].as_array().unwrap().iter().any(|it| it.as_str().unwrap().contains(text))
}

/// What could not be seen, in one text.
fn limits(story: &Value) -> String {
    let limits = story["limits"].as_array().unwrap().iter();
    limits.map(|it| format!("{}\n", it["what"].as_str().unwrap())).collect()
}
