//! From the sources to objects of code and BTF, without a byte that depends on the machine.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    flags::{Build, COMPILER, PACKAGE, TARGET},
    toolchain::Toolchain,
};
use crate::{step, workspace};

/// Compiles and links all objects.
pub fn all(root: &Path, toolchain: &Toolchain, build: Build) -> Result<()> {
    step::run(cargo(root, toolchain, "build", &[])?.args(build.features()))
}

/// One of the objects that were linked last, stripped.
pub fn stripped(root: &Path, toolchain: &Toolchain, build: Build, name: &str) -> Result<Vec<u8>> {
    let folder = folder(root);
    let linked = folder.join(TARGET).join("release").join(name);
    let stripped = folder.join(format!("{name}.bpf.o"));
    step::run(Command::new(toolchain.objcopy()).args(build.strip()).arg(&linked).arg(&stripped))?;
    fs::read(&stripped).with_context(|| format!("read {}", stripped.display()))
}

/// Cargo for the kernel program, with these flags of the compiler besides the fixed ones.
pub fn cargo(
    root: &Path,
    toolchain: &Toolchain,
    subcommand: &str,
    flags: &[&str],
) -> Result<Command> {
    fetch(root)?;
    let mut command = toolchain.cargo(subcommand)?;
    command
        .args(["--release", "--locked", "--package", PACKAGE, "--target", TARGET])
        .env("CARGO_TARGET_DIR", folder(root))
        .env("CARGO_ENCODED_RUSTFLAGS", encoded(root, toolchain, flags)?)
        .current_dir(root);
    Ok(command)
}

/// A target folder of its own: other flags, another compiler.
fn folder(root: &Path) -> PathBuf {
    workspace::target(root).join("ebpf")
}

/// Unpacks the dependencies: where they are is among the compiler's flags.
fn fetch(root: &Path) -> Result<()> {
    let mut command = Command::new(workspace::cargo());
    step::output(command.args(["fetch", "--locked"]).current_dir(root))?;
    Ok(())
}

fn encoded(root: &Path, toolchain: &Toolchain, flags: &[&str]) -> Result<OsString> {
    let mut all: Vec<OsString> = COMPILER.iter().chain(flags).map(OsString::from).collect();
    all.push(remap(&toolchain.sysroot().join("lib/rustlib/src/rust"), "/rust"));
    for sources in registries()? {
        all.push(remap(&sources, "/cargo"));
    }
    all.push(remap(root, "/port12"));
    Ok(all.join("\x1f".as_ref()))
}

/// The folders that cargo unpacks archives into, one for each registry: their names carry the
/// registry's host.
fn registries() -> Result<Vec<PathBuf>> {
    let sources = workspace::cargo_home()?.join("registry/src");
    let context = || format!("list {}", sources.display());
    let entries = fs::read_dir(&sources).with_context(context)?;
    let paths = entries.map(|entry| Ok(entry.with_context(context)?.path()));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    // Other flags, or the same in another order, have cargo compile everything again.
    paths.sort();
    Ok(paths)
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_replaced_by_a_prefix() {
        let flag = remap(Path::new("/some where"), "/port12");
        assert_eq!(flag, "--remap-path-prefix=/some where=/port12");
    }
}
