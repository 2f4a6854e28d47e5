//! Where things are: the checkout, cargo, and their folders.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The root of the checkout.
pub fn root() -> Result<PathBuf> {
    // From cargo at run time: a target folder may be shared between checkouts.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set: run this as `cargo xtask`")?;
    let root = Path::new(&package).parent().context("the xtask package has no parent folder")?;
    root.canonicalize().with_context(|| format!("resolve {}", root.display()))
}

/// The cargo that runs this.
pub fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// Target triple of the running compiler.
pub fn host() -> Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output().context("run rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// The folder that cargo builds in.
pub fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Cargo's own folder: the registry's sources and the installed programs.
pub fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home = env::home_dir().context("no home folder: set HOME or CARGO_HOME")?;
    Ok(home.join(".cargo"))
}
