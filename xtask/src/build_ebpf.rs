//! `cargo xtask build-ebpf`: the kernel objects that port12 embeds, and their provenance.

mod check;
mod closure;
pub mod compile;
mod digest;
pub mod flags;
mod lockfile;
mod provenance;
mod sources;
pub mod toolchain;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use clap::Args;

use self::{digest::Digest, flags::Build, provenance::Provenance};
use crate::workspace;

/// The committed objects: the names of the kernel package's binaries.
pub const OBJECTS: [&str; 3] = [XDP, BINDS, EGRESS];
/// The object with the XDP programs, the only one that has a variant that logs.
const XDP: &str = "port12";
/// The object with the programs that hear of binds.
const BINDS: &str = "binds";
/// The object with the programs that see what leaves.
const EGRESS: &str = "egress";
/// The variant that logs, which is not committed.
const TRACE_OBJECT: &str = "port12/bpf/port12-trace.bpf.o";
/// How the committed objects were made.
pub const PROVENANCE: &str = "port12/bpf/provenance.txt";

#[derive(Args)]
pub struct Options {
    /// Rebuild elsewhere and compare with the committed objects, which stay as they are
    #[arg(long, conflicts_with = "trace")]
    check: bool,
    /// Build the variant that logs every finding through aya-log
    #[arg(long)]
    trace: bool,
}

impl Options {
    /// `--check`.
    pub const CHECK: Self = Self { check: true, trace: false };
    /// `--trace`.
    pub const TRACE: Self = Self { check: false, trace: true };
}

pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root()?;
    if options.check {
        return check::run(&root);
    }
    let toolchain = toolchain::find()?;
    if options.trace {
        compile::all(&root, &toolchain, Build::Trace)?;
        return write(
            &root,
            TRACE_OBJECT,
            &compile::stripped(&root, &toolchain, Build::Trace, XDP)?,
        );
    }
    compile::all(&root, &toolchain, Build::Plain)?;
    let objects = OBJECTS.map(|name| compile::stripped(&root, &toolchain, Build::Plain, name));
    let objects = objects.into_iter().collect::<Result<Vec<_>>>()?;
    let provenance = Provenance {
        tools: toolchain.tools()?,
        sources: sources::digest(&root)?,
        dependencies: closure::digest(&root)?,
        objects: objects.iter().map(|object| Digest::of(object)).collect(),
    };
    for (name, object) in OBJECTS.into_iter().zip(&objects) {
        write(&root, &path(name), object)?;
    }
    write(&root, PROVENANCE, provenance.to_string().as_bytes())
}

/// A committed object's path, from the root of the checkout.
fn path(name: &str) -> String {
    format!("port12/bpf/{name}.bpf.o")
}

fn write(root: &Path, path: &str, content: &[u8]) -> Result<()> {
    fs::write(root.join(path), content).with_context(|| format!("write {path}"))?;
    eprintln!("{path}: {} bytes", content.len());
    Ok(())
}
