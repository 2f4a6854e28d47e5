//! Debian's packages.

use std::{collections::BTreeSet, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{apt_lock, privilege, step};

/// Installs the packages among these that are not installed.
pub fn install(packages: &[String]) -> Result<()> {
    let missing: BTreeSet<_> = packages.iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    apt_lock::run(apt_get()?.arg("update"))?;
    for package in &missing {
        if !is_known(package) {
            bail!("this system's package sources have no {package}");
        }
    }
    apt_lock::run(apt_get()?.args(["install", "--yes", "--no-install-recommends"]).args(missing))
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    step::output(&mut query).is_ok_and(|status| status == "installed")
}

fn is_known(package: &str) -> bool {
    step::succeeds(Command::new("apt-cache").args(["show", "--no-all-versions", package]))
}

fn apt_get() -> Result<Command> {
    let mut command = privilege::as_root("env")
        .context("installing packages takes root, and neither sudo nor doas is installed")?;
    command.args(["LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]);
    Ok(command)
}
