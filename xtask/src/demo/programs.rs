//! The programs that the lab is made with.

use anyhow::{Result, bail};

use crate::programs;

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

/// Names all the programs that are missing, in one line.
pub fn check() -> Result<()> {
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|(program, _)| programs::find(program).is_none())
        .map(|(program, package)| format!("{program} (Debian: {package})"))
        .collect();
    if !missing.is_empty() {
        bail!("the demo needs programs that are not here: {}", missing.join(", "));
    }
    Ok(())
}
