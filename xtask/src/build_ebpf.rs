//! `cargo xtask build-ebpf`: the kernel object that port12 embeds, and its provenance.

mod check;
mod closure;
pub mod compile;
mod digest;
mod lockfile;
mod provenance;
mod sources;
pub mod toolchain;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use clap::Args;

use self::{compile::Build, digest::Digest, provenance::Provenance};
use crate::workspace;

/// The committed object, from the root of the checkout.
pub const OBJECT: &str = "port12/bpf/port12.bpf.o";
/// The variant that logs, which is not committed.
pub const TRACE_OBJECT: &str = "port12/bpf/port12-trace.bpf.o";
/// How the committed object was made.
pub const PROVENANCE: &str = "port12/bpf/provenance.txt";

#[derive(Args)]
pub struct Options {
    /// Rebuild elsewhere and compare with the committed object, which stays as it is
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
        let object = compile::object(&root, &toolchain, Build::Trace)?;
        return write(&root, TRACE_OBJECT, &object);
    }
    let object = compile::object(&root, &toolchain, Build::Plain)?;
    let provenance = Provenance {
        tools: toolchain.tools()?,
        sources: sources::digest(&root)?,
        dependencies: closure::digest(&root)?,
        object: Digest::of(&object),
    };
    write(&root, OBJECT, &object)?;
    write(&root, PROVENANCE, provenance.to_string().as_bytes())
}

fn write(root: &Path, path: &str, content: &[u8]) -> Result<()> {
    fs::write(root.join(path), content).with_context(|| format!("write {path}"))?;
    eprintln!("{path}: {} bytes", content.len());
    Ok(())
}
