//! `cargo xtask clippy-ebpf`: the host's clippy cannot lint a package without unwinding or std,
//! so the kernel program is linted by the toolchain that builds it.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{
    build_ebpf::{
        compile,
        flags::Build,
        toolchain::{self, DEBIAN_CLIPPY, Kind, Toolchain},
    },
    programs, step, workspace,
};

pub fn run() -> Result<()> {
    let root = workspace::root()?;
    let toolchain = toolchain::find()?;
    for build in [Build::Plain, Build::Trace] {
        step::run(command(&root, &toolchain)?.args(build.features()))?;
    }
    Ok(())
}

fn command(root: &Path, toolchain: &Toolchain) -> Result<Command> {
    match toolchain.kind() {
        Kind::Rustup => compile::cargo(root, toolchain, "clippy", &["-Dwarnings"]),
        Kind::Debian => {
            if !programs::is_executable(Path::new(DEBIAN_CLIPPY)) {
                bail!("{DEBIAN_CLIPPY} is not installed: cargo xtask setup installs it");
            }
            let mut command = compile::cargo(root, toolchain, "check", &["-Dwarnings"])?;
            command.env("RUSTC_WORKSPACE_WRAPPER", DEBIAN_CLIPPY);
            Ok(command)
        }
    }
}
