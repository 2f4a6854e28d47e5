//! A driver that refuses XDP while the device merges packets.

use anyhow::{Result, ensure};
use port12::{cli::failure::Code, kernel::attach::Wanted};

use super::dropping::{refused, start};
use crate::interface::{self, Attachment};

/// Linux names the offload after LRO or after hardware GRO (kernel 5.15, and later versions of 5.10).
const OFFLOADS: [&str; 2] = ["rx-gro-hw", "lro"];

/// Native mode is refused with the offload as the reason and with the way to turn it off; automatic mode is generic.
pub fn is_the_reason(nic: &str) -> Result<String> {
    let said = refused(nic, Wanted::Native, Code::Attach)?;
    let start_of_it = format!("cannot attach to {nic} in native mode: ");
    ensure!(said.starts_with(&start_of_it), "{said}");
    let is_named = |offload: &str| {
        said.contains(&format!("{offload} is on, which forbids XDP in many drivers"))
            && said.contains(&format!("`ethtool -K {nic}` cannot change {offload}"))
    };
    ensure!(OFFLOADS.into_iter().any(is_named), "{said}");
    ensure!(said.contains("the hypervisor can (QEMU: guest_tso4=off,"), "{said}");
    ensure!(!said.contains("the driver has no XDP"), "{said}");
    let _watched = start(nic, Wanted::Auto)?;
    let attached = interface::attachment(nic)?;
    ensure!(matches!(attached, Attachment::Generic(_)), "automatic mode: {attached:?}");
    Ok(said)
}
