//! `cargo xtask build-ebpf --check`: whether the committed objects are what the sources make.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use super::{
    OBJECTS, PROVENANCE, closure, compile, digest::Digest, flags::Build, path,
    provenance::Provenance, sources, toolchain,
};

const REBUILD: &str = "cargo xtask build-ebpf";

pub fn run(root: &Path) -> Result<()> {
    let recorded = read(root)?;
    let objects = OBJECTS.map(|name| {
        let path = path(name);
        fs::read(root.join(&path)).with_context(|| format!("read {path}"))
    });
    let objects = objects.into_iter().collect::<Result<Vec<_>>>()?;
    let faults = faults(&recorded, &Found::of(root, &objects)?);
    if !faults.is_empty() {
        bail!("{}\nRebuild and commit all that changes: {REBUILD}", faults.join("\n"));
    }
    println!("{PROVENANCE}: sources, dependencies and objects are the recorded ones");
    rebuild(root, &recorded, &objects)
}

fn read(root: &Path) -> Result<Provenance> {
    let text = fs::read_to_string(root.join(PROVENANCE));
    let text = text.with_context(|| format!("read {PROVENANCE}; {REBUILD} makes it"))?;
    Provenance::parse(&text).with_context(|| format!("{PROVENANCE} cannot be read"))
}

/// The hashes of what is in the checkout.
struct Found {
    sources: Digest,
    dependencies: Digest,
    objects: Vec<Digest>,
}

impl Found {
    fn of(root: &Path, objects: &[Vec<u8>]) -> Result<Self> {
        Ok(Self {
            sources: sources::digest(root)?,
            dependencies: closure::digest(root)?,
            objects: objects.iter().map(|object| Digest::of(object)).collect(),
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
    compare("the kernel programs' sources changed", &found.sources, &recorded.sources);
    compare("their dependencies changed", &found.dependencies, &recorded.dependencies);
    for (name, (found, recorded)) in
        OBJECTS.into_iter().zip(found.objects.iter().zip(&recorded.objects))
    {
        compare(&format!("{} is not the recorded one", path(name)), found, recorded);
    }
    faults
}

/// Builds the objects with the recorded tools, where they are here, and compares every byte.
fn rebuild(root: &Path, recorded: &Provenance, objects: &[Vec<u8>]) -> Result<()> {
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
    compile::all(root, &toolchain, Build::Plain)?;
    for (name, object) in OBJECTS.into_iter().zip(objects) {
        let path = path(name);
        let rebuilt = compile::stripped(root, &toolchain, Build::Plain, name)?;
        if rebuilt != *object {
            bail!(
                "the rebuilt object ({} bytes) is not {path} ({} bytes), though sources and tools \
                 are the recorded ones: rebuild and commit all that changes: {REBUILD}",
                rebuilt.len(),
                object.len()
            );
        }
        println!("{path}: the rebuilt one has the same {} bytes", object.len());
    }
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
            objects: OBJECTS.map(|name| Digest::of(name.as_bytes())).into(),
        }
    }

    fn found(sources: &[u8], dependencies: &[u8]) -> Found {
        Found {
            sources: Digest::of(sources),
            dependencies: Digest::of(dependencies),
            objects: recorded().objects,
        }
    }

    #[test]
    fn what_is_as_recorded_has_no_faults() {
        assert!(faults(&recorded(), &found(b"sources", b"dependencies")).is_empty());
    }

    #[test]
    fn each_change_is_a_fault_of_its_own() {
        let all = |found: Found| faults(&recorded(), &found);
        assert!(all(found(b"x", b"dependencies"))[0].contains("sources"));
        assert!(all(found(b"sources", b"x"))[0].contains("dependencies"));
        for (index, name) in OBJECTS.into_iter().enumerate() {
            let mut damaged = found(b"sources", b"dependencies");
            damaged.objects[index] = Digest::of(b"x");
            let faults = all(damaged);
            assert_eq!(faults.len(), 1);
            assert!(faults[0].contains(&path(name)), "{faults:?}");
        }
    }
}
