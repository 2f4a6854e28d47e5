//! `port12 check` as a process: without drop mode it needs no root.

use std::{
    io::Write,
    process::{Command, Output},
};

fn check(text: &str, args: &[&str]) -> (String, Output) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_port12"));
    command.args(["check", "--config", &path]).args(args).env("PORT12_TRANSIT", "watch");
    (path, command.output().unwrap())
}

fn said(output: &Output) -> (&str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_good_file_is_fine() {
    let (path, output) = check("mode = \"monitor\"", &["-i", "lo"]);
    assert_eq!(said(&output).0, format!("{path}: fine\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_warning_is_no_refusal() {
    let (path, output) = check("[[port]]\nports = 22\naction = \"watch\"", &[]);
    let (out, warning) = said(&output);
    assert_eq!(out, format!("{path}: fine\n"));
    assert!(warning.starts_with(&format!("port12: {path}: line 1: port[0].ports: 22 is not")));
    assert_eq!(warning.lines().count(), 1);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_bad_file_is_refused_with_exit_code_3_and_one_line() {
    for (text, why) in [
        ("mode = \"block\"", "line 1: mode: \"block\" is not accepted"),
        ("registry = \"/nonexistent.csv\"", "cannot read the registry file /nonexistent.csv"),
    ] {
        let (_, output) = check(text, &["--output", "json"]);
        let (out, error) = said(&output);
        assert!(out.is_empty() && error.contains(why), "{error}");
        assert_eq!(error.lines().count(), 1);
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn the_effective_policy_is_a_policy_file_with_the_origin_of_each_value() {
    let text = "mode = \"drop\"\n[[port]]\nports = 12\naction = \"ignore\"";
    let (path, output) = check(text, &["--print-effective", "--interval", "5s"]);
    let (effective, _) = said(&output);
    for line in [
        &*format!("mode = \"drop\"  # {path}, line 1"),
        "transit = \"watch\"  # PORT12_TRANSIT",
        "interval = \"5s\"  # --interval",
        "pin = false  # default",
        "# tcp ignore 1: 12",
    ] {
        assert!(effective.lines().any(|each| each == line), "{line:?} is not in {effective}");
    }
    let (_, output) = check(effective, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output).1);
}

#[test]
fn in_json_it_is_one_document() {
    let text = "mode = \"drop\"\n[[port]]\nports = 12\naction = \"ignore\"";
    let (path, output) = check(text, &["--print-effective", "--output", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["file"], path);
    let settings = &document["effective"]["settings"];
    assert_eq!(settings["mode"]["value"], "drop");
    assert_eq!(settings["mode"]["origin"], format!("{path}, line 1"));
    assert_eq!(settings["confirm"]["value"], serde_json::Value::Null);
    assert_eq!(document["effective"]["rules"][0]["ports"]["value"][0], "12");
    let ports = document["effective"]["ports"].as_array().unwrap();
    let twelve = ports.iter().find(|port| port["transport"] == "tcp" && port["port"] == 12);
    assert_eq!(twelve.unwrap()["action"], "ignore");
}

#[test]
fn drop_ins_are_read_after_the_file_and_named_with_their_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("port12.toml");
    std::fs::write(&path, "allow = [\"192.0.2.1\"]").unwrap();
    let drop_ins = directory.path().join("port12.toml.d");
    std::fs::create_dir(&drop_ins).unwrap();
    std::fs::write(drop_ins.join("10.toml"), "allow = [\"192.0.2.2\"]\nmode = \"monitor\"")
        .unwrap();
    let check = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_port12"));
        command.arg("check").arg("--config").arg(&path).args(args).output().unwrap()
    };
    let (main, drop_in) = (path.display(), drop_ins.join("10.toml"));
    let drop_in = drop_in.display();
    let fine = check(&["-i", "lo"]);
    assert_eq!(said(&fine).0, format!("{main}: fine\n{drop_in}: fine\n"));
    let effective = check(&["-i", "lo", "--print-effective"]);
    let allow =
        format!("allow = [\"192.0.2.1\", \"192.0.2.2\"]  # {main}, line 1; {drop_in}, line 1\n");
    assert!(said(&effective).0.contains(&allow), "{}", said(&effective).0);
    std::fs::write(drop_ins.join("20.toml"), "\nmode = 3").unwrap();
    let refused = check(&[]);
    assert!(said(&refused).1.contains("20.toml: line 2: mode: 3 is not accepted"));
    assert_eq!(refused.status.code(), Some(3));
}
