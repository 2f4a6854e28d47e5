//! Which system this is: `os-release(5)`.

use std::fs;

use anyhow::{Context as _, Result};

const FILE: &str = "/etc/os-release";

/// The system's own description.
pub struct OsRelease {
    text: String,
}

impl OsRelease {
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(FILE);
        Ok(Self { text: text.with_context(|| format!("read {FILE} to know the system"))? })
    }

    /// Debian, or one of the systems that say they are like it.
    pub fn is_debian(&self) -> bool {
        let like = self.value("ID_LIKE").unwrap_or_default();
        self.value("ID") == Some("debian") || like.split(' ').any(|system| system == "debian")
    }

    /// The name for people.
    pub fn name(&self) -> &str {
        self.value("PRETTY_NAME").or_else(|| self.value("ID")).unwrap_or("an unnamed system")
    }

    fn value(&self, key: &str) -> Option<&str> {
        let line = |line: &'_ str| Some(line.strip_prefix(key)?.strip_prefix('=')?.len());
        let (line, length) = self.text.lines().find_map(|text| Some((text, line(text)?)))?;
        Some(line[line.len() - length..].trim_matches(['"', '\'']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(text: &str) -> OsRelease {
        OsRelease { text: text.to_owned() }
    }

    #[test]
    fn debian_and_its_kin_are_known() {
        let debian = system("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n");
        assert!(debian.is_debian());
        assert_eq!(debian.name(), "Debian GNU/Linux 12 (bookworm)");
        assert!(system("ID=ubuntu\nID_LIKE=debian\n").is_debian());
        assert!(system("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n").is_debian());
    }

    #[test]
    fn other_systems_are_not_debian() {
        let fedora = system("ID=fedora\nVERSION_ID=42\n");
        assert!(!fedora.is_debian());
        assert_eq!(fedora.name(), "fedora");
        assert!(!system("ID=opensuse-leap\nID_LIKE='suse opensuse'\n").is_debian());
        assert!(!system("ID=notdebian\n").is_debian());
        assert!(!system("").is_debian());
    }
}
