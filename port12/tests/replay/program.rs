//! `port12 replay` as a process.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Every report of JSON output; the last one is on everything.
    pub fn reports(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn totals(&self) -> Value {
        let totals = self.reports().pop().unwrap();
        assert_eq!(totals["type"], "totals");
        totals
    }

    /// The one line on standard error.
    pub fn message(&self) -> &str {
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err.trim_end()
    }
}

/// Replays, without a variable of the environment that port12 reads.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_port12"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.arg("replay").args(arguments);
    command
}

fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"PORT12_")
}

pub fn end(mut command: Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    ended(&output)
}

/// Replays a file with the user engine, to JSON.
pub fn user(file: impl AsRef<Path>, arguments: &[&str]) -> Ended {
    let mut command = command(&["--engine", "user", "--output", "json"]);
    command.args(arguments).arg(file.as_ref());
    end(command)
}

/// Replays what comes on standard input with the user engine, to JSON.
pub fn user_from_pipe(bytes: &[u8]) -> Ended {
    let mut child = command(&["--engine", "user", "--output", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its input closes it.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    ended(&child.wait_with_output().unwrap())
}

fn ended(output: &std::process::Output) -> Ended {
    Ended {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Packets of an outcome.
pub fn outcome(report: &Value, name: &str) -> u64 {
    report["interfaces"][0]["outcomes"][name]["packets"].as_u64().unwrap()
}

/// The row of a port.
pub fn port(report: &Value, transport: &str, port: u16) -> Option<Value> {
    let rows = report["interfaces"][0]["ports"].as_array().unwrap();
    rows.iter().find(|row| row["transport"] == transport && row["port"] == port).cloned()
}
