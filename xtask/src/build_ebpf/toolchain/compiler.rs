//! One compiler: its version, and whether it can compile for the BPF target.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::DEBIAN_RUSTC;
use crate::{
    build_ebpf::flags::TARGET,
    programs,
    step::{self, succeeds},
};

/// A compiler that was asked about itself.
pub struct Compiler {
    /// The line of `rustc --version`.
    pub version: String,
    /// The target that it runs on.
    pub host: String,
    /// The version of its LLVM.
    pub llvm: String,
    /// Where its libraries are.
    pub sysroot: PathBuf,
}

impl Compiler {
    /// Debian's, where it has a `core` for the BPF target; otherwise what is missing.
    pub fn debian() -> Result<Self, String> {
        if !programs::is_executable(Path::new(DEBIAN_RUSTC)) {
            return Err(format!("there is no {DEBIAN_RUSTC}"));
        }
        let rustc = || Command::new(DEBIAN_RUSTC);
        let compiler = Self::of(rustc).map_err(|error| format!("{error:#}"))?;
        if !compiler.sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
            return Err(format!("{DEBIAN_RUSTC} has no `core` for {TARGET}"));
        }
        Ok(compiler)
    }

    /// rustup's nightly, where it has the sources of `core`; otherwise what is missing.
    pub fn rustup() -> Result<Self, String> {
        let Some(rustup) = programs::find("rustup") else {
            return Err("there is no rustup".to_owned());
        };
        let rustc = || {
            let mut command = Command::new(&rustup);
            command.args(["run", "nightly", "rustc"]);
            command
        };
        if !succeeds(rustc().arg("--version")) {
            return Err("rustup has no toolchain `nightly`".to_owned());
        }
        let compiler = Self::of(rustc).map_err(|error| format!("{error:#}"))?;
        if !compiler.sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
            return Err("rustup's nightly has no rust-src".to_owned());
        }
        Ok(compiler)
    }

    /// Asks the compiler that the command starts.
    pub fn of(rustc: impl Fn() -> Command) -> Result<Self> {
        let details = step::output(rustc().arg("-vV"))?;
        let sysroot = step::output(rustc().arg("--print=sysroot"))?;
        Self::parse(&details, &sysroot)
            .with_context(|| format!("`{} -vV` says {details:?}", step::show(&rustc())))
    }

    fn parse(details: &str, sysroot: &str) -> Option<Self> {
        let value = |key: &str| details.lines().find_map(|line| line.strip_prefix(key));
        let version = details.lines().next().filter(|line| line.starts_with("rustc "))?;
        Some(Self {
            version: version.to_owned(),
            host: value("host: ")?.to_owned(),
            llvm: value("LLVM version: ")?.to_owned(),
            sysroot: sysroot.trim_end().into(),
        })
    }

    /// The major version of its LLVM.
    pub fn llvm_major(&self) -> &str {
        self.llvm.split('.').next().unwrap_or(&self.llvm)
    }

    /// The `llvm-objcopy` that fits it best: of the same LLVM's packages, of its own sysroot, or
    /// on PATH.
    pub fn objcopy(&self) -> Option<PathBuf> {
        let major = self.llvm_major();
        let packaged = PathBuf::from(format!("/usr/lib/llvm-{major}/bin/llvm-objcopy"));
        let own = self.sysroot.join("lib/rustlib").join(&self.host).join("bin/rust-objcopy");
        let here = [packaged, own].into_iter().find(|program| programs::is_executable(program));
        here.or_else(|| programs::find(&format!("llvm-objcopy-{major}")))
            .or_else(|| programs::find("rust-objcopy"))
            .or_else(|| programs::find("llvm-objcopy"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_tells_its_version_its_llvm_and_its_sysroot() {
        let details = "rustc 1.96.0 (built from a source tarball)\nbinary: rustc\n\
                       host: x86_64-unknown-linux-gnu\nLLVM version: 22.1.8\n";
        let compiler = Compiler::parse(details, "/usr\n").unwrap();
        assert_eq!(compiler.version, "rustc 1.96.0 (built from a source tarball)");
        assert_eq!(compiler.llvm_major(), "22");
        assert_eq!(compiler.sysroot, Path::new("/usr"));
    }

    #[test]
    fn what_is_no_compiler_is_not_taken_for_one() {
        assert!(Compiler::parse("", "/usr\n").is_none());
        assert!(Compiler::of(|| Command::new("true")).is_err());
    }
}
