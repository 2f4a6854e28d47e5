//! The compiler and the linker for the BPF target: which of them are here.

mod compiler;
mod missing;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use self::compiler::Compiler;
pub use self::missing::{LINKER_VERSION, Missing};
use super::{flags, provenance::Tools};
use crate::{programs, step, workspace};

/// Debian's compiler, which comes beside rustup's.
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Debian's clippy.
pub const DEBIAN_CLIPPY: &str = "/usr/bin/clippy-driver";

/// Whose compiler it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Debian's, with a `core` for the BPF target ready-made.
    Debian,
    /// rustup's nightly, which builds `core` from rust-src.
    Rustup,
}

/// Everything that a build of the kernel object takes.
pub struct Toolchain {
    kind: Kind,
    compiler: Compiler,
    linker: PathBuf,
    objcopy: PathBuf,
}

/// The toolchain that is here. Debian's goes first: its version stays, so that what it builds can
/// be compared with the committed object.
pub fn find() -> Result<Toolchain, Missing> {
    let found = Compiler::debian().map(|compiler| (Kind::Debian, compiler)).or_else(|debian| {
        let rustup = Compiler::rustup().map(|compiler| (Kind::Rustup, compiler));
        rustup.map_err(|rustup| Missing::compiler(&debian, &rustup))
    });
    let (kind, compiler) = found?;
    let linker = linker().ok_or_else(Missing::linker)?;
    let objcopy = compiler.objcopy().ok_or_else(Missing::objcopy)?;
    Ok(Toolchain { kind, compiler, linker, objcopy })
}

/// The linker, on PATH or where cargo installs it.
pub fn linker() -> Option<PathBuf> {
    let installed = || Some(workspace::cargo_home().ok()?.join("bin/bpf-linker"));
    programs::find("bpf-linker")
        .or_else(|| installed().filter(|program| programs::is_executable(program)))
}

/// The major version of the LLVM of Debian's compiler.
pub fn debian_llvm() -> Result<String> {
    Ok(Compiler::of(|| Command::new(DEBIAN_RUSTC))?.llvm_major().to_owned())
}

impl Toolchain {
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn sysroot(&self) -> &Path {
        &self.compiler.sysroot
    }

    pub fn objcopy(&self) -> &Path {
        &self.objcopy
    }

    /// Cargo with this compiler and linker.
    pub fn cargo(&self, subcommand: &str) -> Result<Command> {
        let mut command = match self.kind {
            Kind::Debian => {
                let mut command = Command::new(workspace::cargo());
                // The BPF target and the attributes of its programs are unstable.
                command.arg(subcommand).env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                command
            }
            Kind::Rustup => {
                let mut command = Command::new("rustup");
                command.args(["run", "nightly", "cargo", subcommand, "-Zbuild-std=core"]);
                command.env_remove("RUSTC");
                command
            }
        };
        let folder = self.linker.parent().map(Path::to_path_buf);
        let folders = folder.into_iter().chain(programs::folders());
        command.env("PATH", env::join_paths(folders).context("a folder of PATH")?);
        Ok(command)
    }

    /// What to record of it.
    pub fn tools(&self) -> Result<Tools> {
        let linker = step::output(Command::new(&self.linker).arg("--version"))?;
        let objcopy = step::output(Command::new(&self.objcopy).arg("--version"))?;
        let objcopy = objcopy.lines().find(|line| line.contains("LLVM version"));
        Ok(Tools {
            compiler: self.compiler.version.clone(),
            host: self.compiler.host.clone(),
            llvm: self.compiler.llvm.clone(),
            core: match self.kind {
                Kind::Debian => "prebuilt by Debian".to_owned(),
                Kind::Rustup => "built from rust-src".to_owned(),
            },
            linker: linker.trim().to_owned(),
            objcopy: objcopy.unwrap_or("of unknown version").trim().to_owned(),
            flags: flags::recorded(),
        })
    }
}
