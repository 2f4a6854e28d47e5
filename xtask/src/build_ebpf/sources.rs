//! The project's own files that go into the kernel object.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::digest::{Digest, Incremental};

const FILES_AND_FOLDERS: [&str; 3] =
    ["port12-ebpf", "port12-common/Cargo.toml", "port12-common/src"];

/// Of the workspace's Cargo.toml, the tables that the compiler sees the effect of. The versions
/// of the dependencies are the closure's.
const TABLES: [&str; 2] = ["[workspace.package]", "[profile.release"];

/// The hash of the names and contents of all sources.
pub fn digest(root: &Path) -> Result<Digest> {
    let mut hash = Incremental::default();
    for file in list(root)? {
        let content = fs::read(root.join(&file)).with_context(|| format!("read {file}"))?;
        hash.add(&file, &content);
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("read Cargo.toml")?;
    hash.add("Cargo.toml", tables(&manifest).as_bytes());
    Ok(hash.finish())
}

/// The files, from the root of the checkout, in an order that does not depend on the disk.
fn list(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut pending: Vec<_> = FILES_AND_FOLDERS.map(PathBuf::from).into();
    while let Some(path) = pending.pop() {
        if root.join(&path).is_dir() {
            pending.extend(children(root, &path)?);
        } else {
            files.push(path.to_str().context("a source has a name that is not UTF-8")?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// What the folder holds, but for hidden files and an editor's backups.
fn children(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("list {}", folder.display());
    let mut children = Vec::new();
    for entry in fs::read_dir(root.join(folder)).with_context(context)? {
        let name = entry.with_context(context)?.file_name();
        let text = name.to_string_lossy();
        if !text.starts_with('.') && !text.ends_with('~') {
            children.push(folder.join(name));
        }
    }
    Ok(children)
}

/// The lines of the manifest's tables in [`TABLES`].
fn tables(manifest: &str) -> String {
    let mut inside = false;
    let mut lines = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = TABLES.iter().any(|table| line.starts_with(table));
        }
        if inside && !line.trim().is_empty() {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["port12-ebpf/src", "port12-common/src", "port12/src"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let write = |file: &str, text: &str| fs::write(root.path().join(file), text).unwrap();
        write("Cargo.toml", "[profile.release]\nlto = true\n");
        write("port12-ebpf/Cargo.toml", "[package]");
        write("port12-ebpf/src/main.rs", "fn main() {}");
        write("port12-common/Cargo.toml", "[package]");
        write("port12-common/src/lib.rs", "pub mod parse;");
        write("port12/src/main.rs", "fn main() {}");
        root
    }

    #[test]
    fn every_source_of_the_kernel_program_changes_the_hash() {
        let root = checkout();
        let plain = digest(root.path()).unwrap();
        for file in ["port12-ebpf/src/main.rs", "port12-common/src/lib.rs", "Cargo.toml"] {
            let before = fs::read_to_string(root.path().join(file)).unwrap();
            fs::write(root.path().join(file), format!("{before}\n# more")).unwrap();
            assert_ne!(digest(root.path()).unwrap(), plain, "{file}");
            fs::write(root.path().join(file), before).unwrap();
        }
        fs::write(root.path().join("port12-ebpf/src/added.rs"), "").unwrap();
        assert_ne!(digest(root.path()).unwrap(), plain);
    }

    #[test]
    fn user_space_and_hidden_files_do_not_change_the_hash() {
        let root = checkout();
        let plain = digest(root.path()).unwrap();
        fs::write(root.path().join("port12/src/main.rs"), "fn other() {}").unwrap();
        fs::write(root.path().join("port12-ebpf/src/.main.rs.swp"), "x").unwrap();
        fs::write(root.path().join("port12-ebpf/src/main.rs~"), "x").unwrap();
        assert_eq!(digest(root.path()).unwrap(), plain);
    }

    #[test]
    fn of_the_manifest_the_edition_and_the_release_profile_count() {
        let manifest = "[workspace]\nresolver = \"3\"\n\n[workspace.package]\nedition = \"2024\"\n\n\
                        [workspace.dependencies]\ntokio = \"1\"\n\n[profile.dev]\ndebug = 1\n\n\
                        [profile.release]\nlto = \"thin\"\n\n\
                        [profile.release.package.port12-ebpf]\ndebug = 2\n";
        let expected = "[workspace.package]\nedition = \"2024\"\n[profile.release]\n\
                        lto = \"thin\"\n[profile.release.package.port12-ebpf]\ndebug = 2\n";
        assert_eq!(tables(manifest), expected);
    }
}
