//! QEMU: whether it is here, and how to get it.

use std::path::Path;

use anyhow::Result;

use super::sources::Sources;
use crate::programs;

/// The emulator.
pub const PROGRAM: &str = "qemu-system-x86_64";

/// What to say where it is not.
pub const MISSING: &str = "qemu-system-x86_64 is not installed, so no other kernel can be booted: \
                           `cargo xtask vm-test --install` installs it on Debian";

/// What a machine needs. The images of Debian 12 may carry qemu-utils of backports, which the
/// suite's own emulator conflicts with: the four are taken from backports together.
const PACKAGES: [&str; 4] =
    ["qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"];

/// Whether machines can be booted.
pub fn is_available() -> bool {
    programs::find(PROGRAM).is_some()
}

/// Installs it where it is missing, from Debian's backports; keeps its lists under `folder`, and
/// neither removes nor upgrades what is installed.
pub fn install(folder: &Path) -> Result<()> {
    if is_available() {
        return Ok(());
    }
    Sources::update(folder)?.install_from_backports(&PACKAGES)
}
