//! Devices that this machine's kernel may lack: bonds, VLANs and VRFs. The bonding module makes a
//! bond0 of its own.

use anyhow::{Result, ensure};
use port12::{cli::failure::Code, kernel::attach::Wanted};

use super::dropping::{refused, start};
use crate::interface::{Device, bring_up, set_master};

/// What drop mode does not drop there, for people.
fn not_dropped(name: &str) -> Result<String> {
    let watched = start(name, Wanted::Generic)?;
    Ok(watched.not_dropped().map_or_else(|| "nothing".to_owned(), |it| it.to_string()))
}

/// UDP passes below a VLAN and a VRF and on a bond, and drop mode says so.
pub fn says_what_passes() -> Result<String> {
    let _pair = Device::veth("v0", "v1")?;
    let alone = not_dropped("v0")?;
    ensure!(alone == "nothing", "{alone}");
    let mut all = Vec::new();
    {
        let _vlan = Device::vlan("v0.10", "v0", 10)?;
        let said = not_dropped("v0")?;
        ensure!(said.contains("UDP probes pass in drop mode"), "{said}");
        ensure!(said.contains("the vlan v0.10 stands above it"), "{said}");
        all.push("below a VLAN");
    }
    {
        let _vrf = Device::vrf("blue", 10)?;
        set_master("v0", "blue")?;
        let said = not_dropped("v0")?;
        ensure!(said.contains("the vrf blue stands above it"), "{said}");
        all.push("below a VRF");
    }
    let _bond = Device::bond("bond9")?;
    set_master("v0", "bond9")?;
    bring_up("bond9")?;
    for (name, why) in [("bond9", "it is a bond"), ("v0", "the bond bond9 stands above it")] {
        let said = not_dropped(name)?;
        ensure!(said.contains(why), "{name}: {said}");
    }
    all.push("on a bond and on its member");
    Ok(all.join(", "))
}

/// A VRF device, which no frame goes through, is refused with its members.
pub fn refuses_a_vrf() -> Result<String> {
    let _pair = Device::veth("v0", "v1")?;
    let _vrf = Device::vrf("blue", 10)?;
    for member in ["v0", "v1"] {
        set_master(member, "blue")?;
    }
    let said = refused("blue", Wanted::Auto, Code::Attach)?;
    ensure!(said.contains("watch its members (v1, v0)") || said.contains("(v0, v1)"), "{said}");
    Ok(said)
}

/// A program on a member forbids one on the bond (kernel 5.15, before which a bond has no native XDP),
/// and the reverse.
pub fn names_the_other_program_of_a_bond() -> Result<String> {
    let _pair = Device::veth("v0", "v1")?;
    let _bond = Device::bond("bond9")?;
    set_master("v0", "bond9")?;
    let member = start("v0", Wanted::Native)?;
    let said = refused("bond9", Wanted::Native, Code::Attach)?;
    ensure!(said.contains("members of bond9 have an XDP program of their own: v0 (id "), "{said}");
    drop(member);
    let bond = start("bond9", Wanted::Generic)?;
    let said = refused("v0", Wanted::Auto, Code::Foreign)?;
    ensure!(said.contains("while bond9, which stands above it, has one: id "), "{said}");
    drop(bond);
    Ok(said)
}
