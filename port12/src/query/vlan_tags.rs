//! VLAN tags that port12 does not see.

use serde::{Serialize, Serializer};

use crate::host::interfaces::{Link, VlanStripping, XdpMode, vlan_stripping};

/// Where the outermost VLAN tag of a received frame is.
pub enum VlanTags {
    /// In the frame: port12 reads it.
    InFrame,
    /// Removed before port12 reads the frame; the line about it.
    Stripped(String),
    /// In the frame or not; the line about it.
    Unknown(String),
}

impl VlanTags {
    /// Those of an interface with a program in some mode.
    pub fn of(link: &Link, mode: XdpMode) -> Self {
        match vlan_stripping(link, mode) {
            None => Self::InFrame,
            Some(stripping) => {
                let is_certain = stripping.is_certain();
                let line = line(&link.name, &stripping);
                if is_certain { Self::Stripped(line) } else { Self::Unknown(line) }
            }
        }
    }

    /// The line about tags that port12 does not, or may not, see.
    pub fn line(&self) -> Option<&str> {
        match self {
            Self::InFrame => None,
            Self::Stripped(line) | Self::Unknown(line) => Some(line),
        }
    }
}

impl Serialize for VlanTags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::InFrame => "in_frame",
            Self::Stripped(_) => "stripped",
            Self::Unknown(_) => "unknown",
        })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for VlanTags {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VlanTags".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": ["in_frame", "stripped", "unknown"] })
    }
}

fn line(interface: &str, stripping: &VlanStripping) -> String {
    let verb = if stripping.is_certain() { "are" } else { "may be" };
    let remedy = stripping.remedy().map(|command| format!("; {command} keeps them in the frame"));
    format!(
        "VLAN tags {verb} removed before port12 reads a frame ({stripping}): packets for VLAN \
         devices of {interface} in other network namespaces look untagged, and count as this \
         host's (in drop mode and by bans, they are dropped) if they are for an address of this \
         host{}",
        remedy.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::interfaces::Offload;

    fn offload(interface: &str, name: &'static str, is_changeable: bool) -> Offload {
        Offload { interface: interface.to_owned(), name, is_changeable }
    }

    #[test]
    fn an_offload_is_named_with_the_command_that_turns_it_off() {
        let said =
            line("eth0", &VlanStripping::Offloads(vec![offload("eth0", "rx-vlan-offload", true)]));
        assert!(
            said.contains(
                "are removed before port12 reads a frame (rx-vlan-offload of eth0 is on)"
            )
        );
        assert!(said.ends_with("; `ethtool -K eth0 rx-vlan-offload off` keeps them in the frame"));
    }

    #[test]
    fn the_members_of_a_bond_have_a_command_each() {
        let offloads = [
            ("eth0", "rx-vlan-offload"),
            ("eth0", "rx-vlan-stag-hw-parse"),
            ("eth1", "rx-vlan-offload"),
        ];
        let offloads = offloads.map(|(interface, name)| offload(interface, name, true)).to_vec();
        let said = line("bond0", &VlanStripping::Offloads(offloads));
        let commands = "`ethtool -K eth0 rx-vlan-offload off rx-vlan-stag-hw-parse off` and \
                        `ethtool -K eth1 rx-vlan-offload off` keeps";
        assert!(said.contains(commands), "{said}");
    }

    #[test]
    fn an_offload_that_cannot_be_turned_off_has_no_command() {
        let said =
            line("eth0", &VlanStripping::Offloads(vec![offload("eth0", "rx-vlan-offload", false)]));
        assert!(!said.contains("ethtool -K"), "{said}");
    }

    #[test]
    fn features_that_cannot_be_read_are_not_taken_for_off() {
        let said = line("eth0", &VlanStripping::Unread("eth0".to_owned()));
        assert!(said.contains("VLAN tags may be removed"), "{said}");
    }
}
