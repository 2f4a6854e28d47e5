//! The program that is shown.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{step, workspace};

/// Builds port12, and says where it is.
pub fn port12(release: bool) -> Result<PathBuf> {
    let root = workspace::root()?;
    let mut build = Command::new(workspace::cargo());
    build.current_dir(&root).args(["build", "--quiet", "--locked", "--package", "port12"]);
    if release {
        build.arg("--release");
    }
    step::run(&mut build)?;
    let profile = if release { "release" } else { "debug" };
    Ok(workspace::target(&root).join(profile).join("port12"))
}
