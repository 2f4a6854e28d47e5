//! Writes port12's registry tables from IANA's file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use port12::registry::{Registry, changes};

use crate::workspace;

/// Reads an official CSV or XML, tells what changes, and writes the embedded table and the kernel
/// program's.
///
/// # Errors
///
/// Where the file is refused or a table cannot be written; nothing is written in the first case.
pub fn run(file: &Path) -> Result<()> {
    let registry = Registry::read(file)?;
    for warning in registry.warnings() {
        eprintln!("warning: {warning}");
    }
    tell_changes(&registry);
    write("port12/data/wellknown.csv", &registry.to_compact())?;
    write("port12-common/src/watched.rs", &registry.to_rust())
}

fn tell_changes(after: &Registry) {
    println!("registry of {}", after.edition());
    // Read from the file and not from this binary, so that a damaged table can be written again.
    let table = at("port12/data/wellknown.csv").and_then(|path| Ok(fs::read_to_string(path)?));
    let Some(before) = table.ok().and_then(|text| Registry::from_compact(&text).ok()) else {
        println!("the table before cannot be read, so there is nothing to compare with");
        return;
    };
    let differences = changes(&before, after);
    if differences.is_empty() {
        println!("the unassigned ports are those of {}", before.edition());
    }
    for change in differences {
        println!("{change}");
    }
    if after.edition().date() < before.edition().date() {
        eprintln!("warning: the table before is younger, of {}", before.edition());
    }
}

fn write(path: &str, text: &str) -> Result<()> {
    let path = at(path)?;
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// A path in the workspace.
fn at(path: &str) -> Result<PathBuf> {
    Ok(workspace::root()?.join(path))
}
