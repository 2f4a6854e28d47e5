//! Flags of the tools that make the kernel objects.

/// The kernel programs' package.
pub const PACKAGE: &str = "port12-ebpf";
/// What it is compiled for.
pub const TARGET: &str = "bpfel-unknown-none";

/// Which of the kernel programs' builds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Build {
    /// The committed objects.
    Plain,
    /// The one that logs.
    Trace,
}

impl Build {
    /// What cargo is told for it.
    pub fn features(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::Trace => &["--features", "trace"],
        }
    }

    /// Flags of `llvm-objcopy`.
    pub fn strip(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &OBJCOPY,
            Self::Trace => &OBJCOPY[..1],
        }
    }
}

/// Version 2 of the instruction set (kernel 4.14) has the comparisons that the default lacks;
/// version 3 derives indexes in 32 bits that the verifier does not bound.
pub const COMPILER: [&str; 5] = [
    "-Ctarget-cpu=v2",
    "-Clinker=bpf-linker",
    "-Clink-arg=--btf",
    "-Clink-arg=-O3",
    "-Cdebuginfo=2",
];

/// `.BTF.ext` holds the line information: more bytes than the code. The build that logs keeps it:
/// without it the verifier takes no function for a global one.
const OBJCOPY: [&str; 3] =
    ["--strip-debug", "--remove-section=.BTF.ext", "--remove-section=.rel.BTF.ext"];

/// Flags of all tools, except paths, which do not show in the object.
pub fn recorded() -> String {
    [COMPILER.as_slice(), &OBJCOPY].concat().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_flags_name_no_path() {
        assert!(!recorded().contains('/'), "{}", recorded());
    }
}
