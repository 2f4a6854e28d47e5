//! Miri: undefined behaviour in `port12-common`, where the component is there.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{programs, step, workspace};

/// Miri interprets: a property is tried this often.
const CASES: &str = "8";

/// rustup with a nightly that has Miri.
pub struct Miri {
    rustup: PathBuf,
}

/// Looks for Miri; otherwise says what is missing.
pub fn find() -> Result<Miri, String> {
    let rustup = programs::find("rustup").ok_or("there is no rustup")?;
    let miri = Miri { rustup };
    if !step::succeeds(miri.nightly("cargo").args(["miri", "--version"])) {
        return Err("rustup's nightly has no miri: rustup component add --toolchain nightly miri \
                    rust-src"
            .to_owned());
    }
    if !step::succeeds(miri.nightly("cargo").args(["miri", "setup"])) {
        return Err("Miri cannot build its standard library: rustup component add --toolchain \
                    nightly rust-src"
            .to_owned());
    }
    Ok(miri)
}

impl Miri {
    fn nightly(&self, program: &str) -> Command {
        let mut command = Command::new(&self.rustup);
        command.args(["run", "nightly", program]);
        command
    }

    pub fn run(&self, root: &Path) -> Result<()> {
        step::run(
            self.nightly("cargo")
                .args(["miri", "test", "--locked", "--package", "port12-common"])
                .env("CARGO_TARGET_DIR", workspace::target(root).join("miri"))
                // Properties keep their failures in files.
                .env("MIRIFLAGS", "-Zmiri-disable-isolation")
                .env("PROPTEST_CASES", CASES)
                .current_dir(root),
        )
    }
}
