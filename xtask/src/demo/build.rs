//! The program that is shown.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// Builds port12, and says where it is.
pub fn port12(release: bool) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root).args(["build", "--quiet", "-p", "port12"]);
    if release {
        build.arg("--release");
    }
    if !build.status().context("start cargo")?.success() {
        bail!("port12 does not build");
    }
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let profile = if release { "release" } else { "debug" };
    Ok(root.join(target).join(profile).join("port12"))
}
