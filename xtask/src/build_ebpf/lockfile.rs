//! Cargo.lock, as far as the kernel object depends on it.

use anyhow::{Result, bail};

/// A package of the lockfile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// Of the registry's archive; a package of the workspace has none.
    pub checksum: Option<String>,
}

/// Reads the packages of a Cargo.lock. Cargo writes it, one key a line.
pub fn parse(text: &str) -> Result<Vec<Package>> {
    let packages: Vec<_> = text.split("[[package]]").skip(1).map(package).collect::<Result<_>>()?;
    if packages.is_empty() {
        bail!("Cargo.lock lists no packages");
    }
    Ok(packages)
}

fn package(entry: &str) -> Result<Package> {
    let value = |key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|line| line.strip_suffix('"')).map(str::to_owned)
    };
    let (Some(name), Some(version)) = (value("name"), value("version")) else {
        bail!("Cargo.lock has a package without a name or a version: {}", entry.trim());
    };
    Ok(Package { name, version, checksum: value("checksum") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_the_registry_have_checksums_and_those_of_the_workspace_none() {
        let text = "version = 4\n\n[[package]]\nname = \"aya\"\nversion = \"0.14.0\"\n\
                    checksum = \"abc\"\ndependencies = [\n \"libc\",\n]\n\n\
                    [[package]]\nname = \"port12\"\nversion = \"0.1.0\"\n";
        let package = |name: &str, version: &str, checksum: Option<&str>| Package {
            name: name.into(),
            version: version.into(),
            checksum: checksum.map(Into::into),
        };
        let expected = [package("aya", "0.14.0", Some("abc")), package("port12", "0.1.0", None)];
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn a_lockfile_that_cannot_be_read_is_refused() {
        assert!(parse("").is_err());
        assert!(parse("[[package]]\nversion = \"1\"\n").is_err());
    }
}
