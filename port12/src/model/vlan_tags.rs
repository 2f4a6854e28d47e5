//! VLAN tags that port12 does not see.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Place of the outermost VLAN tag of a received frame.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TagPlace {
    /// In the frame: port12 reads it.
    InFrame,
    /// Removed before port12 reads the frame.
    Stripped,
    /// In the frame or not.
    Unknown,
}

/// Visibility of the outermost VLAN tag of a received frame.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VlanTags {
    /// Place of the tag.
    pub place: TagPlace,
    /// Reason for which the tag is not, or may not be, in the frame; null if it is in the frame.
    pub cause: Option<VlanStripping>,
}

impl From<Option<VlanStripping>> for VlanTags {
    fn from(cause: Option<VlanStripping>) -> Self {
        let place = match &cause {
            None => TagPlace::InFrame,
            Some(cause) if cause.is_certain() => TagPlace::Stripped,
            Some(_) => TagPlace::Unknown,
        };
        Self { place, cause }
    }
}

impl VlanTags {
    /// Line for people about tags of an interface that port12 does not, or may not, see.
    pub fn line(&self, interface: &str) -> Option<String> {
        self.cause.as_ref().map(|cause| line(interface, cause))
    }
}

/// A reason for which the outermost VLAN tag of received frames is, or may be, invisible to an XDP program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VlanStripping {
    /// Offloads are on that do it: of a driver, or of the sender on the other end of a veth pair.
    Offloads(Vec<Offload>),
    /// The kernel does it for every device of this kind.
    Kind(String),
    /// The sending offloads of the other end of a veth pair, in another network namespace, are unknown.
    Peer,
    /// The features of an interface cannot be read.
    Unread(String),
}

/// An offload that is on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Offload {
    /// The interface that has it.
    pub interface: String,
    /// The name that `ethtool -K` takes.
    pub name: String,
    /// Whether `ethtool -K` can turn it off.
    pub is_changeable: bool,
}

impl VlanStripping {
    /// Reason for a bond from those of two members: a certain one has precedence over a possible one.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Offloads(offloads), Self::Offloads(others)) => {
                Self::Offloads([offloads, others].concat())
            }
            (certain @ (Self::Offloads(_) | Self::Kind(_)), _) => certain,
            (Self::Peer | Self::Unread(_), other @ (Self::Offloads(_) | Self::Kind(_))) => other,
            (possible @ (Self::Peer | Self::Unread(_)), Self::Peer | Self::Unread(_)) => possible,
        }
    }

    /// Whether tags are removed for sure, if there are any.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Offloads(_) | Self::Kind(_) => true,
            Self::Peer | Self::Unread(_) => false,
        }
    }

    /// The command that keeps tags in their frames, if there is one.
    pub fn remedy(&self) -> Option<String> {
        let Self::Offloads(offloads) = self else { return None };
        if !offloads.iter().all(|it| it.is_changeable) {
            return None;
        }
        let commands = offloads.chunk_by(|one, next| one.interface == next.interface);
        let commands = commands.filter_map(|offloads| {
            let names: Vec<_> = offloads.iter().map(|it| format!("{} off", it.name)).collect();
            let interface = &offloads.first()?.interface;
            Some(format!("`ethtool -K {interface} {}`", names.join(" ")))
        });
        Some(commands.collect::<Vec<_>>().join(" and "))
    }
}

impl fmt::Display for VlanStripping {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offloads(offloads) => {
                let names: Vec<_> =
                    offloads.iter().map(|it| format!("{} of {}", it.name, it.interface)).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                write!(out, "{} {verb} on", names.join(" and "))
            }
            Self::Kind(kind) => {
                write!(out, "the kernel removes VLAN tags before a {kind} receives a frame")
            }
            Self::Peer => out.write_str(
                "it is a veth, whose other end is in another network namespace and has \
                 tx-vlan-offload on unless `ethtool -K` has turned it off there",
            ),
            Self::Unread(interface) => {
                write!(out, "the features of {interface} cannot be read (`ethtool -k`)")
            }
        }
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

    fn offload(interface: &str, name: &str, is_changeable: bool) -> Offload {
        Offload { interface: interface.to_owned(), name: name.to_owned(), is_changeable }
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
