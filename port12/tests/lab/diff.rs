//! `port12 check --diff`: a policy against the policy in force.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Bpffs, Pair, Port12, lab, until};

const POLICY: &str = "interfaces = [\"w0\"]\nmode = \"drop\"\nextra = [\"80/tcp\"]\nallow = [\"192.0.2.0/24\"]\n\
                      ban = { after = 9, for = \"90s\", within = \"10m\" }\n\
                      [[port]]\nports = \"14-16\"\naction = \"watch\"\n";

struct Host {
    pair: Pair,
    bpffs: Bpffs,
    directory: TempDir,
}

impl Host {
    fn new() -> Self {
        let host = Self {
            pair: Pair::new(),
            bpffs: Bpffs::new(),
            directory: tempfile::tempdir().unwrap(),
        };
        host.write(POLICY);
        host
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("port12.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn run(&self) -> Port12 {
        self.bpffs.run(&self.pair.near, &format!("--config {}", self.file().display()))
    }

    /// Exit code, and the document.
    fn diff(&self) -> (Option<i32>, Value) {
        let args = format!("check --diff --output json --config {}", self.file().display());
        let output = self.bpffs.output(&self.pair.near, &args);
        let said = String::from_utf8_lossy(&output.stderr);
        let document = serde_json::from_slice(&output.stdout);
        (output.status.code(), document.unwrap_or_else(|error| panic!("{error}: {said}")))
    }

    /// Keys that differ, with the values of the policy and in force.
    fn differing(&self) -> Vec<[String; 3]> {
        let (code, document) = self.diff();
        assert_eq!((code, &document["same"]), (Some(1), &Value::Bool(false)), "{document}");
        let rows = document["interfaces"][0]["comparisons"].as_array().unwrap();
        let differs = rows.iter().filter(|row| row["result"] == "differs");
        let texts = |row: &Value| {
            ["key", "policy", "in_force"]
                .map(|key| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned))
        };
        differs.map(texts).collect()
    }
}

fn result<'a>(document: &'a Value, key: &str) -> &'a str {
    let rows = document["interfaces"][0]["comparisons"].as_array().unwrap();
    rows.iter().find(|row| row["key"] == key).unwrap()["result"].as_str().unwrap()
}

#[test]
fn a_policy_in_force_is_the_same_and_what_only_a_daemon_knows_is_unknown_without_one() {
    lab(|| {
        let host = Host::new();
        const OF_THE_PINS: [&str; 7] =
            ["mode", "confirm", "transit", "too_deep", "allow", "ban", "port"];
        const OF_THE_DAEMON: [&str; 4] = ["sinks", "forwarding", "reattach", "frame_bytes"];
        let run = host.run();
        let document = until("the daemon's part", || {
            let (code, document) = host.diff();
            assert_eq!((code, &document["same"]), (Some(0), &Value::Bool(true)), "{document}");
            (result(&document, "sinks") == "same").then_some(document)
        });
        for key in OF_THE_PINS.iter().chain(&OF_THE_DAEMON).chain(&["pin"]) {
            assert_eq!(result(&document, key), "same", "{key}: {document}");
        }
        // A flag of the daemon, which a reload keeps.
        assert_eq!(result(&document, "interval"), "overridden", "{document}");
        host.write(&format!("frame_bytes = 7\n{POLICY}"));
        let [key, policy, in_force] = &host.differing()[0];
        assert_eq!((&**key, &**policy, &**in_force), ("frame_bytes", "7", "128"));
        host.write(POLICY);
        run.stop();
        let args = format!("attach --config {}", host.file().display());
        host.bpffs.ok(&host.pair.near, &args);
        let (code, document) = host.diff();
        assert_eq!((code, &document["same"]), (Some(0), &Value::Bool(true)), "{document}");
        for key in OF_THE_PINS {
            assert_eq!(result(&document, key), "same", "{key}: {document}");
        }
        for key in OF_THE_DAEMON.iter().chain(&["interval", "pin"]) {
            assert_eq!(result(&document, key), "unknown", "{key}: {document}");
        }
        let text = host
            .bpffs
            .ok(&host.pair.near, &format!("check --diff --config {}", host.file().display()));
        assert!(text.contains("w0: unknown") && text.contains("sinks"), "{text}");
    });
}

#[test]
fn each_value_that_differs_is_told_with_both_and_its_origin() {
    lab(|| {
        let host = Host::new();
        let _run = host.run();
        host.write(
            "interfaces = [\"w0\"]\nmode = \"monitor\"\ntoo_deep = \"pass\"\ntransit = \"watch\"\n\
             allow = [\"192.0.2.0/25\"]\nban = { after = 8, for = \"90s\", within = \"10m\" }\n\
             [[port]]\nports = \"14/tcp\"\naction = \"ignore\"\nexpected = true\n",
        );
        let differing = host.differing();
        let keys: Vec<&str> = differing.iter().map(|[key, ..]| &**key).collect();
        for key in ["mode", "transit", "too_deep", "allow", "ban", "port tcp 14", "port tcp 80"] {
            assert!(keys.contains(&key), "{key}: {differing:?}");
        }
        assert!(keys.contains(&"port tcp 14: expected"), "{differing:?}");
        assert!(!keys.contains(&"xdp_mode") && !keys.contains(&"confirm"), "{differing:?}");
        let row = |key| differing.iter().find(|[it, ..]| it == key).unwrap();
        assert_eq!(row("mode")[1..], ["monitor", "drop"]);
        assert_eq!(row("port tcp 14")[1..], ["ignore", "watch"]);
        assert_eq!(row("port tcp 80")[1..], ["assigned", "drop"]);
        let args = format!("check --diff --config {}", host.file().display());
        let output = host.bpffs.output(&host.pair.near, &args);
        let text = String::from_utf8_lossy(&output.stdout);
        let line = format!(
            "w0: mode: policy \"monitor\", in force \"drop\" ({}, line 2)",
            host.file().display()
        );
        assert!(text.lines().any(|it| it == line), "{text}");
    });
}

#[test]
fn changes_by_the_operator_are_differences() {
    lab(|| {
        let host = Host::new();
        let _run = host.run();
        host.bpffs.ok(&host.pair.near, "allow add 198.51.100.7");
        let [key, _, in_force] = &host.differing()[0];
        assert_eq!((&**key, &**in_force), ("allow", "[\"192.0.2.0/24\",\"198.51.100.7\"]"));
        host.bpffs.ok(&host.pair.near, "allow remove 198.51.100.7");
        host.bpffs.ok(&host.pair.near, "bypass");
        let [key, policy, in_force] = &host.differing()[0];
        assert_eq!((&**key, &**policy), ("mode", "drop"));
        assert!(in_force.contains("bypassed"), "{in_force}");
    });
}

#[test]
fn an_interface_that_is_not_attached_is_a_difference_and_a_bad_policy_is_no_answer() {
    lab(|| {
        let host = Host::new();
        let (code, document) = host.diff();
        assert_eq!(code, Some(1), "{document}");
        let interface = &document["interfaces"][0];
        assert_eq!(interface["interface"], "w0");
        assert_eq!(interface["attachment"], "absent");
        host.write("mode = 3");
        let args = format!("check --diff --config {}", host.file().display());
        host.bpffs.fails(&host.pair.near, &args, 3);
    });
}
