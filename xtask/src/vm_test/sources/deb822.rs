//! The machine's package sources: deb822 files (`sources.list(5)`).

use std::fs;

use anyhow::{Context as _, Result, bail};

const FOLDER: &str = "/etc/apt/sources.list.d";
const OS_RELEASE: &str = "/etc/os-release";

/// Suites of the main archive with kernels: 6.1, 6.12, and 6.18 to the newest.
const ARCHIVE: [&str; 3] = ["bookworm", "bookworm-backports", "trixie-backports"];

/// Suites of the security archive with kernels: 5.10 and 6.1.
const SECURITY: [&str; 2] = ["bullseye-security", "bookworm-security"];

/// The machine's release, and where it gets packages.
pub struct Machine {
    /// `bookworm`, `trixie`, ...
    pub codename: String,
    stanzas: Vec<String>,
}

impl Machine {
    /// Reads the files under `/etc`.
    pub fn read() -> Result<Self> {
        let release =
            fs::read_to_string(OS_RELEASE).with_context(|| format!("read {OS_RELEASE}"))?;
        let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        let codename = codename.with_context(|| format!("{OS_RELEASE} names no codename"))?;
        let mut stanzas = Vec::new();
        for entry in fs::read_dir(FOLDER).with_context(|| format!("list {FOLDER}"))? {
            let path = entry.with_context(|| format!("list {FOLDER}"))?.path();
            if path.extension().is_some_and(|extension| extension == "sources") {
                let text = fs::read_to_string(&path);
                let text = text.with_context(|| format!("read {}", path.display()))?;
                stanzas.extend(split(&text));
            }
        }
        Ok(Self { codename: codename.trim_matches('"').to_owned(), stanzas })
    }

    /// The machine's sources with the suites that have kernels instead of its own.
    pub fn other_suites(&self) -> Result<String> {
        let codename = &self.codename;
        let mut archive = ARCHIVE.map(str::to_owned).to_vec();
        // Of the machine's own release too, whose libraries QEMU needs.
        for suite in [codename.clone(), format!("{codename}-backports")] {
            if !archive.contains(&suite) {
                archive.push(suite);
            }
        }
        let archive = self.with_suites(codename, &archive)?;
        let security = SECURITY.map(str::to_owned);
        let security = self.with_suites(&format!("{codename}-security"), &security)?;
        Ok(format!("{archive}\n{security}"))
    }

    /// The stanza of a suite, for other suites.
    fn with_suites(&self, suite: &str, suites: &[String]) -> Result<String> {
        let stanza = self.stanzas.iter().find(|stanza| {
            field(stanza, "Types").any(|kind| kind == "deb")
                && field(stanza, "Suites").any(|listed| listed == suite)
        });
        let Some(stanza) = stanza else {
            bail!(
                "no *.sources file in {FOLDER} has the suite {suite}, so Debian's packages of \
                 other suites cannot be found: `vm-test` fetches its kernels on Debian alone"
            );
        };
        let lines = stanza.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| match key(line).as_str() {
            "suites" => format!("Suites: {}\n", suites.join(" ")),
            _ => format!("{line}\n"),
        });
        Ok(lines.collect())
    }
}

/// Stanzas are parted by blank lines.
fn split(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().collect::<Vec<_>>();
    let stanzas = lines.split(|line| line.trim().is_empty()).map(|lines| lines.join("\n"));
    stanzas.filter(|stanza| !stanza.is_empty()).collect::<Vec<_>>().into_iter()
}

/// The words of a field's value.
fn field<'a>(stanza: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let name = name.to_ascii_lowercase();
    let line = stanza.lines().find(|line| key(line) == name);
    line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value).split_whitespace()
}

/// The name of a line's field; names know no case.
fn key(line: &str) -> String {
    line.split_once(':').map_or("", |(key, _)| key).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "\
# Debian
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
";

    fn machine(codename: &str, sources: &str) -> Machine {
        Machine { codename: codename.to_owned(), stanzas: split(sources).collect() }
    }

    #[test]
    fn only_the_suites_differ_from_the_machines_sources() -> Result<()> {
        let expected = "\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-backports trixie-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bullseye-security bookworm-security
Components: main
";
        assert_eq!(machine("bookworm", SOURCES).other_suites()?, expected);
        Ok(())
    }

    #[test]
    fn another_release_keeps_its_own_suites_beside_the_kernels() -> Result<()> {
        let sources = machine("trixie", &SOURCES.replace("bookworm", "trixie")).other_suites()?;
        let suites = "Suites: bookworm bookworm-backports trixie-backports trixie\n";
        assert!(sources.contains(suites), "{sources}");
        Ok(())
    }

    #[test]
    fn a_machine_without_debians_sources_is_told_so() {
        let error = machine("noble", SOURCES).other_suites().unwrap_err().to_string();
        assert!(error.contains("has the suite noble"), "{error}");
    }
}
