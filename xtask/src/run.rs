//! `cargo xtask run`: builds what stable Rust builds, and becomes `port12 run` as root.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use crate::{privilege, step, workspace};

#[derive(Args)]
pub struct Options {
    /// What to pass on to `port12 run`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root()?;
    step::run(
        Command::new(workspace::cargo())
            .args(["build", "--release", "--locked", "--package", "port12"])
            .current_dir(&root),
    )?;
    let program = workspace::target(&root).join("release/port12");
    let mut command = privilege::as_root(&program).with_context(|| {
        format!(
            "port12 attaches to network interfaces, which takes root, and neither sudo nor doas is \
             installed; as root run {} run",
            program.display()
        )
    })?;
    command.arg("run").args(&options.arguments);
    eprintln!("+ {}", step::show(&command));
    // The child takes this process's place: signals reach it, and its exit code is the caller's.
    let error = command.exec();
    Err(anyhow!(error).context(format!("start {}", step::show(&command))))
}
