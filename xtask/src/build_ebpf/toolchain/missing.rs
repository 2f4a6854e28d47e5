//! What the build of the kernel object lacks here, and how to get it.

use std::{error::Error, fmt};

/// The linker version that Debian's compiler is used with.
pub const LINKER_VERSION: &str = "0.13.0";

/// What is missing.
#[derive(Debug)]
pub struct Missing(String);

impl Missing {
    pub(super) fn compiler(debian: &str, rustup: &str) -> Self {
        Self(format!("no compiler for the BPF target is here: {debian}, and {rustup}"))
    }

    pub(super) fn linker() -> Self {
        Self("bpf-linker is neither on PATH nor among cargo's programs".to_owned())
    }

    pub(super) fn objcopy() -> Self {
        Self("no llvm-objcopy or rust-objcopy is here".to_owned())
    }

    /// One line, without the way to get it.
    pub fn what(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{HOW}", self.0)
    }
}

impl Error for Missing {}

/// Both ways to a toolchain.
const HOW: &str = "\
To build the kernel object, on Debian:
    cargo xtask setup
with rustup, anywhere:
    rustup toolchain install nightly --component rust-src --component clippy
    cargo install bpf-linker
and, where the toolchain has no rust-objcopy, LLVM's package for llvm-objcopy.
Only a change of the kernel program takes this: cargo build embeds the committed object.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_is_missing_and_both_ways_to_get_it() {
        let text =
            Missing::compiler("there is no /usr/bin/rustc", "there is no rustup").to_string();
        for part in
            ["no /usr/bin/rustc", "no rustup", "cargo xtask setup", "rust-src", "bpf-linker"]
        {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
