//! The guest's init: the test target `guest`, linked statically.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{step, workspace};

/// Debian's kernels are fetched for this machine alone. Naming the target keeps build scripts and
/// macros dynamic, which a static C library cannot load.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it, and returns where it is.
pub fn build(root: &Path) -> Result<PathBuf> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--quiet", "--locked", "--package", "port12", "--test", "guest"])
        .args(["--no-run", "--target", TARGET, "--message-format=json-render-diagnostics"])
        .env("RUSTFLAGS", flags())
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(root)
        .stderr(Stdio::inherit());
    let shown = step::show(&command);
    eprintln!("+ {shown}");
    let output = command.output().with_context(|| format!("start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed: {}", output.status);
    }
    let messages = String::from_utf8(output.stdout).with_context(|| format!("`{shown}`"))?;
    executable(&messages).with_context(|| format!("`{shown}` named no executable"))
}

fn flags() -> String {
    let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" -Ctarget-feature=+crt-static");
    flags
}

/// The executable of the target `guest` in cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    messages.find_map(|message: Value| {
        let guest = message["target"]["name"] == "guest";
        guest.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_guest_targets() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"port12"},"executable":"/a"}
{"reason":"compiler-artifact","target":{"name":"guest"},"executable":"/b"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/b")));
        assert_eq!(executable("{}"), None);
    }
}
