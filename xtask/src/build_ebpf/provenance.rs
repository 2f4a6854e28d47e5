//! How the objects were made: the file beside them.

use std::fmt;

use anyhow::{Context as _, Result};

use super::{OBJECTS, digest::Digest};

/// The programs that made the objects, and what they were told. Equal tools make equal bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tools {
    /// `rustc --version`.
    pub compiler: String,
    /// What the compiler runs on: the kernel's types differ between architectures.
    pub host: String,
    /// The version of the compiler's LLVM.
    pub llvm: String,
    /// Where `core` came from.
    pub core: String,
    /// `bpf-linker --version`.
    pub linker: String,
    /// The version of `llvm-objcopy`.
    pub objcopy: String,
    /// What the compiler, the linker and `llvm-objcopy` were told, but for the paths.
    pub flags: String,
}

impl Tools {
    fn fields(&self) -> [(&'static str, &str); 7] {
        let Self { compiler, host, llvm, core, linker, objcopy, flags } = self;
        [
            ("compiler", compiler),
            ("host", host),
            ("llvm", llvm),
            ("core", core),
            ("linker", linker),
            ("objcopy", objcopy),
            ("flags", flags),
        ]
    }

    /// What differs from the recorded tools, one line each.
    pub fn differences(&self, recorded: &Self) -> Vec<String> {
        let pairs = self.fields().into_iter().zip(recorded.fields());
        let different = pairs.filter(|(here, there)| here != there);
        different
            .map(|((name, here), (_, there))| format!("{name}: {here:?} here, {there:?} recorded"))
            .collect()
    }
}

/// All of it: the tools, and what went in and came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provenance {
    pub tools: Tools,
    pub sources: Digest,
    pub dependencies: Digest,
    /// Of each of [`OBJECTS`].
    pub objects: Vec<Digest>,
}

const HEADING: &str = "\
# How the objects were made. `cargo xtask build-ebpf` writes them and this file;
# `cargo xtask build-ebpf --check` compares all with the sources. The hashes are SHA-256.
";

impl fmt::Display for Provenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HEADING)?;
        for (name, value) in self.tools.fields() {
            writeln!(formatter, "{name}: {value}")?;
        }
        writeln!(formatter, "sources: {}", self.sources)?;
        writeln!(formatter, "dependencies: {}", self.dependencies)?;
        for (name, object) in OBJECTS.into_iter().zip(&self.objects) {
            writeln!(formatter, "{}: {object}", line(name))?;
        }
        Ok(())
    }
}

/// The name of an object's line.
fn line(object: &str) -> String {
    format!("{object}.bpf.o")
}

impl Provenance {
    /// Reads the file back.
    pub fn parse(text: &str) -> Result<Self> {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.map(str::to_owned).with_context(|| format!("it has no line `{name}: ...`"))
        };
        let digest = |name: &str| {
            Digest::parse(&field(name)?).with_context(|| format!("its `{name}` is not a SHA-256"))
        };
        Ok(Self {
            tools: Tools {
                compiler: field("compiler")?,
                host: field("host")?,
                llvm: field("llvm")?,
                core: field("core")?,
                linker: field("linker")?,
                objcopy: field("objcopy")?,
                flags: field("flags")?,
            },
            sources: digest("sources")?,
            dependencies: digest("dependencies")?,
            objects: OBJECTS.into_iter().map(|name| digest(&line(name))).collect::<Result<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            tools: Tools {
                compiler: "rustc 1.96.0 (somewhere: else)".into(),
                host: "x86_64-unknown-linux-gnu".into(),
                llvm: "22.1.8".into(),
                core: "prebuilt".into(),
                linker: "bpf-linker 0.13.0".into(),
                objcopy: "LLVM 22.1.8".into(),
                flags: "-Clinker=bpf-linker -O".into(),
            },
            sources: Digest::of(b"sources"),
            dependencies: Digest::of(b"dependencies"),
            objects: OBJECTS.map(|name| Digest::of(name.as_bytes())).into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(Provenance::parse(&provenance().to_string()).unwrap(), provenance());
    }

    #[test]
    fn a_missing_line_is_named() {
        let text = provenance().to_string().replace("linker: ", "linked by: ");
        assert!(Provenance::parse(&text).unwrap_err().to_string().contains("`linker: ...`"));
    }

    #[test]
    fn a_damaged_hash_is_named() {
        let text = provenance().to_string().replace("port12.bpf.o: ", "port12.bpf.o: x");
        assert!(Provenance::parse(&text).unwrap_err().to_string().contains("`port12.bpf.o`"));
    }

    #[test]
    fn equal_tools_do_not_differ_and_others_say_in_what() {
        let recorded = provenance().tools;
        assert!(recorded.differences(&recorded).is_empty());
        let here = Tools { compiler: "rustc 1.97.0".into(), ..recorded.clone() };
        let differences = here.differences(&recorded);
        assert_eq!(differences.len(), 1);
        assert!(differences[0].starts_with("compiler: \"rustc 1.97.0\" here"), "{differences:?}");
    }
}
