//! The compiler and the linker that build the kernel object.

use std::{env, path::Path, process::Command};

use anyhow::{Context as _, Result};

use super::apt;
use crate::{
    build_ebpf::toolchain::{self, DEBIAN_CLIPPY, Kind, LINKER_VERSION},
    programs, step, workspace,
};

/// The compiler with a `core` for the BPF target, its clippy, and what the linker builds with.
const PACKAGES: [&str; 7] = [
    "rustc-web",
    "libstd-rust-web-dev-bpf",
    "rust-web-clippy",
    "g++",
    "libxml2-dev",
    "libzstd-dev",
    "zlib1g-dev",
];

/// Installs Debian's, unless a complete toolchain is here.
pub fn install() -> Result<()> {
    if is_complete() {
        return Ok(());
    }
    packages().context(
        "Debian's compiler for the BPF target cannot be installed; instead, with rustup: \
         rustup toolchain install nightly --component rust-src --component clippy; \
         cargo install bpf-linker",
    )?;
    if toolchain::linker().is_none() {
        linker()?;
    }
    Ok(())
}

fn is_complete() -> bool {
    toolchain::find().is_ok_and(|toolchain| match toolchain.kind() {
        Kind::Debian => programs::is_executable(Path::new(DEBIAN_CLIPPY)),
        Kind::Rustup => true,
    })
}

fn packages() -> Result<()> {
    apt::install(&PACKAGES.map(str::to_owned))?;
    apt::install(&[format!("llvm-{}-dev", toolchain::debian_llvm()?)])
}

/// Builds the linker against the LLVM of Debian's compiler.
fn linker() -> Result<()> {
    let major = toolchain::debian_llvm()?;
    let prefix = format!("/usr/lib/llvm-{major}");
    let folders = [Path::new(&prefix).join("bin")].into_iter().chain(programs::folders());
    step::run(
        Command::new(workspace::cargo())
            .args(["install", "bpf-linker", "--version", LINKER_VERSION, "--locked"])
            .args(["--no-default-features", "--features", &format!("llvm-{major}")])
            .env("LLVM_PREFIX", &prefix)
            .env("PATH", env::join_paths(folders).context("a folder of PATH")?),
    )
}
