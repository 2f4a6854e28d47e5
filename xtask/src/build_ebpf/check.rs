//! `cargo xtask build-ebpf --check`: whether the committed object is what the sources make.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use super::{
    OBJECT, PROVENANCE, closure,
    compile::{self, Build},
    digest::Digest,
    provenance::Provenance,
    sources, toolchain,
};

pub fn run(root: &Path) -> Result<()> {
    let recorded = read(root)?;
    let object = fs::read(root.join(OBJECT)).with_context(|| format!("read {OBJECT}"))?;
    let faults = faults(&recorded, &Found::of(root, &object)?);
    if !faults.is_empty() {
        bail!("{}\nRebuild it and commit both files: cargo xtask build-ebpf", faults.join("\n"));
    }
    println!("{OBJECT}: sources, dependencies and object are the recorded ones");
    rebuild(root, &recorded, &object)
}

fn read(root: &Path) -> Result<Provenance> {
    let text = fs::read_to_string(root.join(PROVENANCE));
    let text =
        text.with_context(|| format!("read {PROVENANCE}; cargo xtask build-ebpf makes it"))?;
    Provenance::parse(&text).with_context(|| format!("{PROVENANCE} cannot be read"))
}

/// The hashes of what is in the checkout.
struct Found {
    sources: Digest,
    dependencies: Digest,
    object: Digest,
}

impl Found {
    fn of(root: &Path, object: &[u8]) -> Result<Self> {
        Ok(Self {
            sources: sources::digest(root)?,
            dependencies: closure::digest(root)?,
            object: Digest::of(object),
        })
    }
}

fn faults(recorded: &Provenance, found: &Found) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, found: &Digest, recorded: &Digest| {
        if found != recorded {
            faults.push(format!("{what}: {found} here, {recorded} recorded in {PROVENANCE}"));
        }
    };
    compare("the kernel program's sources changed", &found.sources, &recorded.sources);
    compare("its dependencies changed", &found.dependencies, &recorded.dependencies);
    compare(&format!("{OBJECT} is not the recorded one"), &found.object, &recorded.object);
    faults
}

/// Builds the object with the recorded tools, where they are here, and compares every byte.
fn rebuild(root: &Path, recorded: &Provenance, object: &[u8]) -> Result<()> {
    let toolchain = match toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(missing) => {
            println!("NOT COMPARED with a rebuilt one: {}", missing.what());
            return Ok(());
        }
    };
    let differences = toolchain.tools()?.differences(&recorded.tools);
    if !differences.is_empty() {
        println!("NOT COMPARED with a rebuilt one, the tools differ: {}", differences.join("; "));
        return Ok(());
    }
    let rebuilt = compile::object(root, &toolchain, Build::Plain)?;
    if rebuilt != object {
        bail!(
            "the rebuilt object ({} bytes) is not {OBJECT} ({} bytes), though sources and tools \
             are the recorded ones: rebuild it and commit both files: cargo xtask build-ebpf",
            rebuilt.len(),
            object.len()
        );
    }
    println!("{OBJECT}: the rebuilt one has the same {} bytes", object.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_ebpf::provenance::Tools;

    fn recorded() -> Provenance {
        let text = String::new;
        let (compiler, host, llvm, core) = (text(), text(), text(), text());
        let (linker, objcopy, flags) = (text(), text(), text());
        Provenance {
            tools: Tools { compiler, host, llvm, core, linker, objcopy, flags },
            sources: Digest::of(b"sources"),
            dependencies: Digest::of(b"dependencies"),
            object: Digest::of(b"object"),
        }
    }

    fn found(sources: &[u8], dependencies: &[u8], object: &[u8]) -> Found {
        Found {
            sources: Digest::of(sources),
            dependencies: Digest::of(dependencies),
            object: Digest::of(object),
        }
    }

    #[test]
    fn what_is_as_recorded_has_no_faults() {
        assert!(faults(&recorded(), &found(b"sources", b"dependencies", b"object")).is_empty());
    }

    #[test]
    fn each_change_is_a_fault_of_its_own() {
        let faults = |sources, dependencies, object| {
            faults(&recorded(), &found(sources, dependencies, object))
        };
        assert!(faults(b"x", b"dependencies", b"object")[0].contains("sources"));
        assert!(faults(b"sources", b"x", b"object")[0].contains("dependencies"));
        assert!(faults(b"sources", b"dependencies", b"x")[0].contains("port12.bpf.o"));
        assert_eq!(faults(b"x", b"x", b"x").len(), 3);
    }
}
