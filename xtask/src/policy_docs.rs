//! `cargo xtask policy-docs`: the annotated policy file and its reference page, from the table of keys.

use std::fs;

use anyhow::{Context as _, Result};
use port12::config::reference::{annotated_file, page};

use crate::workspace;

/// Writes both.
pub fn run() -> Result<()> {
    let root = workspace::root()?;
    for (path, text) in [("dist/port12.toml", annotated_file()), ("docs/POLICY.md", page())] {
        let path = root.join(path);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
