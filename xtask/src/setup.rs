//! `cargo xtask setup`: installs what the build of the kernel object and the tests use, and only
//! what is missing. On systems other than Debian's kin it says what that is.

mod apt;
mod kernel_toolchain;
mod os_release;
mod tools;

use anyhow::{Result, bail};

use self::os_release::OsRelease;
use crate::{build_ebpf::toolchain, vm_test, workspace};

pub fn run() -> Result<()> {
    let system = OsRelease::read()?;
    if !system.is_debian() {
        return name_what_is_missing(&system);
    }
    install_tools()?;
    kernel_toolchain::install()?;
    let folder = workspace::target(&workspace::root()?).join("vm");
    if let Err(error) = vm_test::qemu::install(&folder) {
        // The rest stands without it, and `test` says that this did not run.
        eprintln!(
            "setup: QEMU cannot be installed, so `cargo xtask vm-test` will not run: {error:#}"
        );
    }
    eprintln!("setup: everything is there");
    Ok(())
}

/// Installs what the tests use, where the system is one of Debian's kin; fails elsewhere when
/// something is missing.
pub fn tools() -> Result<()> {
    let missing = tools::missing();
    if missing.is_empty() {
        return Ok(());
    }
    let system = OsRelease::read()?;
    if !system.is_debian() {
        bail!("the tests use {}, which {} does not have", tools::list(&missing), system.name());
    }
    eprintln!("the tests use {}: installing", tools::list(&missing));
    install_tools()
}

fn install_tools() -> Result<()> {
    let packages: Vec<_> = tools::missing().iter().map(|tool| tool.package.to_owned()).collect();
    apt::install(&packages)?;
    let missing = tools::missing();
    if !missing.is_empty() {
        bail!(
            "{} cannot be found though the packages are installed: look at `dpkg --verify`",
            tools::list(&missing)
        );
    }
    Ok(())
}

fn name_what_is_missing(system: &OsRelease) -> Result<()> {
    let mut missing = Vec::new();
    let tools = tools::missing();
    if !tools.is_empty() {
        missing.push(format!("the tests use {}", tools::list(&tools)));
    }
    if let Err(toolchain) = toolchain::find() {
        missing.push(toolchain.to_string());
    }
    if missing.is_empty() {
        eprintln!("setup: everything is there");
        return Ok(());
    }
    bail!(
        "setup installs with apt-get, and this is {}; missing here:\n{}",
        system.name(),
        missing.join("\n")
    )
}
