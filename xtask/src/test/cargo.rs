//! The tests that cargo runs.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use super::Rights;
use crate::{privilege, programs, step, workspace};

/// Tests that take root print that they do not run, and pass, where this is set.
const NO_ROOT: &str = "PORT12_NO_ROOT";

pub fn run(root: &Path, rights: Rights) -> Result<()> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--locked", "--no-fail-fast"])
        .env("PATH", programs::path()?)
        .env_remove(NO_ROOT)
        .current_dir(root);
    match rights {
        Rights::User => _ = command.env(NO_ROOT, "1"),
        Rights::Root if privilege::is_root() => {}
        Rights::Root => _ = command.args(["--config", &runner()?]),
    }
    step::run(&mut command)
}

/// Has cargo start the tests, but not the compiler, as root, in this environment.
fn runner() -> Result<String> {
    let elevator = privilege::elevator().context("neither sudo nor doas is installed")?;
    let path = programs::path()?;
    let path = path.to_str().context("PATH is not UTF-8")?;
    let mut words = vec![elevator.to_str().context("the path of sudo is not UTF-8")?.to_owned()];
    if elevator.ends_with("sudo") {
        words.push("--preserve-env".to_owned());
    }
    words.extend(["env".to_owned(), format!("PATH={path}")]);
    Ok(format!("target.'cfg(unix)'.runner = {words:?}"))
}
