//! The dependencies of the kernel program: what each is, with which features, and the checksum
//! of its archive. A dependency of user space alone is not among them.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::{
    digest::{Digest, Incremental},
    flags::{PACKAGE, TARGET},
    lockfile::{self, Package},
};
use crate::{step, workspace};

/// The hash of the closure.
pub fn digest(root: &Path) -> Result<Digest> {
    // Build scripts and macros write code: what they depend on belongs to the closure.
    let tree = step::output(
        Command::new(workspace::cargo())
            .args(["tree", "--locked", "--package", PACKAGE, "--target", TARGET])
            .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"])
            .current_dir(root),
    )
    .context("list the dependencies of the kernel program")?;
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("read Cargo.lock")?;
    hash(&tree, &lockfile::parse(&lock)?)
}

/// Hashes the packages that `cargo tree` lists, with their checksums out of the lockfile.
fn hash(tree: &str, lock: &[Package]) -> Result<Digest> {
    let mut hash = Incremental::default();
    for (name, version, features) in tree.lines().map(package).collect::<Result<BTreeSet<_>>>()? {
        let locked = lock.iter().find(|package| package.name == name && package.version == version);
        let Some(package) = locked else {
            bail!("Cargo.lock does not have {name} {version}, which cargo tree lists");
        };
        let checksum = package.checksum.as_deref().unwrap_or("of the workspace");
        hash.add(&format!("{name} {version} {features}"), checksum.as_bytes());
    }
    Ok(hash.finish())
}

/// A line of `cargo tree`: `name v1.2.3 (where it is)|features (*)`.
fn package(line: &str) -> Result<(&str, &str, &str)> {
    let parts = line.split_once('|').and_then(|(package, features)| {
        let mut words = package.split(' ');
        let version = words.nth(1)?.strip_prefix('v')?;
        Some((package.split(' ').next()?, version, features.trim_end_matches("(*)").trim()))
    });
    parts.with_context(|| format!("cargo tree lists something else than a package: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "port12-ebpf v0.1.0 (/somewhere/port12-ebpf)|\n\
                        aya-ebpf v0.2.1|\nsyn v3.0.1|full,parsing\nsyn v3.0.1|full,parsing (*)\n";

    fn locked(name: &str, version: &str, checksum: &str) -> Package {
        let checksum = (!checksum.is_empty()).then(|| checksum.to_owned());
        Package { name: name.into(), version: version.into(), checksum }
    }

    fn lock() -> Vec<Package> {
        vec![
            locked("port12-ebpf", "0.1.0", ""),
            locked("aya-ebpf", "0.2.1", "aa"),
            locked("syn", "3.0.1", "bb"),
            locked("syn", "2.0.0", "cc"),
        ]
    }

    #[test]
    fn a_dependency_of_user_space_alone_does_not_change_the_hash() {
        let mut other = lock();
        other.push(locked("tokio", "1.0.0", "dd"));
        other[3].checksum = Some("ee".to_owned());
        assert_eq!(hash(TREE, &other).unwrap(), hash(TREE, &lock()).unwrap());
    }

    #[test]
    fn a_checksum_a_version_or_a_feature_of_the_closure_changes_the_hash() {
        let plain = hash(TREE, &lock()).unwrap();
        let mut other = lock();
        other[1].checksum = Some("ff".to_owned());
        assert_ne!(hash(TREE, &other).unwrap(), plain);
        let features = TREE.replace("full,parsing", "parsing");
        assert_ne!(hash(&features, &lock()).unwrap(), plain);
        let version = TREE.replace("3.0.1", "2.0.0");
        assert_ne!(hash(&version, &lock()).unwrap(), plain);
    }

    #[test]
    fn neither_the_checkouts_folder_nor_the_order_of_the_tree_changes_the_hash() {
        let plain = hash(TREE, &lock()).unwrap();
        let elsewhere = TREE.replace("/somewhere", "/else where");
        assert_eq!(hash(&elsewhere, &lock()).unwrap(), plain);
        let reversed: Vec<_> = TREE.lines().rev().collect();
        assert_eq!(hash(&reversed.join("\n"), &lock()).unwrap(), plain);
    }

    #[test]
    fn a_package_that_the_lockfile_lacks_is_an_error() {
        assert!(hash("tokio v1.0.0|", &lock()).is_err());
        assert!(hash("[build-dependencies]", &lock()).is_err());
    }
}
