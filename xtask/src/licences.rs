//! `cargo xtask ci licences`: licences of all dependencies, against those that a binary package may contain.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::workspace;

/// Licences without a condition that a binary package would break, by their SPDX ids.
const ACCEPTED: &[&str] = &[
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

pub fn run(root: &Path) -> Result<()> {
    let mut command = std::process::Command::new(workspace::cargo());
    command.current_dir(root).args(["metadata", "--locked", "--format-version", "1"]);
    let output = command.output().context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let refused: Vec<String> = metadata.packages.iter().filter_map(refusal).collect();
    ensure!(
        refused.is_empty(),
        "licences that xtask/src/licences.rs does not accept: {}",
        refused.join("; ")
    );
    println!("{} packages, all under accepted licences", metadata.packages.len());
    Ok(())
}

/// Reason to refuse a package; `None` if it can be used under accepted licences.
fn refusal(package: &Package) -> Option<String> {
    let Package { name, version, license } = package;
    let Some(license) = license else {
        return Some(format!("{name} {version} names no licence"));
    };
    match Expression::parse_mode(license, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_accepted) => None,
        Ok(_) => Some(format!("{name} {version}: {license}")),
        Err(error) => Some(format!("{name} {version}: {license}: {}", error.reason)),
    }
}

fn is_accepted(required: &LicenseReq) -> bool {
    required.license.id().is_some_and(|id| ACCEPTED.contains(&id.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(license: Option<&str>) -> bool {
        let license = license.map(ToOwned::to_owned);
        refusal(&Package { name: "a".to_owned(), version: "1.0.0".to_owned(), license }).is_some()
    }

    #[test]
    fn a_licence_is_accepted_if_one_of_its_alternatives_is() {
        assert!(!is_refused(Some("MIT OR GPL-2.0-only")));
        assert!(!is_refused(Some("MIT/Apache-2.0")));
        assert!(!is_refused(Some("(MIT OR Apache-2.0) AND Unicode-3.0")));
    }

    #[test]
    fn all_of_several_licences_and_one_at_least_must_be_accepted() {
        assert!(is_refused(Some("MIT AND GPL-3.0-only")));
        assert!(is_refused(Some("AGPL-3.0-only")));
        assert!(is_refused(Some("nonsense")));
        assert!(is_refused(None));
    }
}
