//! The programs that the lab is made with.

use std::{env, path::PathBuf};

use anyhow::{Result, bail};

/// A program, and Debian's package of it.
const NEEDED: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nc", "netcat-openbsd"),
    ("nmap", "nmap"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
];

/// Where an administrator's programs are; a user's PATH may lack them.
const ALSO: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Names all the programs that are missing, in one line.
pub fn check() -> Result<()> {
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(program, package)| format!("{program} (Debian: {package})"))
        .collect();
    if !missing.is_empty() {
        bail!("the demo needs programs that are not here: {}", missing.join(", "));
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(ALSO.map(PathBuf::from));
    folders.map(|folder| folder.join(program)).any(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_a_missing_one_is_not() {
        assert!(is_there("sh"));
        assert!(!is_there("no-such-program-of-port12"));
    }
}
