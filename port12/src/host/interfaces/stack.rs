//! Which interfaces stand above another.

use std::fmt;

use super::{
    HostError, Link, VlanFilter, all,
    bridge_vlans::{self, BridgeVlans, PortVlans},
};

/// Kinds whose `IFLA_LINK` names the other end of a pair, or the interface that a tunnel's outer
/// packets take. Frames do not climb from there to them: they do so by a peer or by a socket.
const BESIDE: [&str; 18] = [
    "veth",
    "netkit",
    "vxcan",
    "gre",
    "gretap",
    "erspan",
    "ip6gre",
    "ip6gretap",
    "ip6erspan",
    "ipip",
    "ip6tnl",
    "sit",
    "vti",
    "vti6",
    "vxlan",
    "geneve",
    "xfrm",
    "amt",
];

/// The interfaces of a network namespace and how they stand on one another.
///
/// An interface that stands on one of these in *another* network namespace (a container's macvlan
/// or VLAN) cannot be seen from here. What arrives for it is for another address, hence transit.
#[derive(Clone, Debug)]
pub struct Stack {
    links: Vec<Link>,
    /// The VLANs of bridges that filter them; `None` if they cannot be read.
    bridge_vlans: Option<BridgeVlans>,
}

impl Stack {
    /// Reads the interfaces of this network namespace.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses or garbles the list.
    pub fn read() -> Result<Self, HostError> {
        let links = all()?;
        let filters = |link: &Link| matches!(link.vlan_filter, Some(VlanFilter::Bridge { .. }));
        // Most hosts have none, and save the request.
        let bridge_vlans = if links.iter().any(filters) {
            bridge_vlans::read().ok()
        } else {
            Some(BridgeVlans::new())
        };
        Ok(Self { links, bridge_vlans })
    }

    /// The VLANs of a bridge port, or of a bridge itself; `None` if they are unknown.
    pub(super) fn port_vlans(&self, index: u32) -> Option<&PortVlans> {
        self.bridge_vlans.as_ref()?.get(&index)
    }

    /// Every interface, by index.
    pub fn all(&self) -> &[Link] {
        &self.links
    }

    /// An interface.
    pub fn get(&self, index: u32) -> Option<&Link> {
        self.links.iter().find(|link| link.index == index)
    }

    /// The interfaces directly above: the bridge, bond, team or VRF that an interface belongs to,
    /// and VLANs, macvlans and the like that stand on it.
    pub fn above(&self, index: u32) -> impl Iterator<Item = &Link> {
        let master = self.get(index).and_then(|link| link.master);
        self.links.iter().filter(move |link| {
            Some(link.index) == master || link.lower == Some(index) && stands_on_its_link(link)
        })
    }

    /// Why a socket look-up on an interface that finds nothing proves nothing; `None` if it proves that there is no
    /// socket.
    pub fn unproven(&self, link: &Link) -> Option<Unproven> {
        if let Some(kind @ ("bond" | "team")) = link.kind.as_deref() {
            return Some(Unproven::Members { kind: kind.to_owned() });
        }
        let kind = |link: &Link| link.kind.clone().unwrap_or_else(|| "interface".to_owned());
        let uppers: Vec<_> =
            self.above(link.index).map(|upper| (kind(upper), upper.name.clone())).collect();
        (!uppers.is_empty()).then_some(Unproven::Uppers { uppers })
    }

    /// An interface and every interface above it, the lowest first.
    pub fn from(&self, index: u32) -> Vec<&Link> {
        let mut found: Vec<&Link> = self.get(index).into_iter().collect();
        let mut next = 0;
        while let Some(link) = found.get(next) {
            for upper in self.above(link.index) {
                if !found.iter().any(|known| known.index == upper.index) {
                    found.push(upper);
                }
            }
            next += 1;
        }
        found
    }
}

/// An unknown kind counts as standing above: then a socket look-up proves less, and less is
/// dropped.
fn stands_on_its_link(link: &Link) -> bool {
    link.kind.as_deref().is_none_or(|kind| !BESIDE.contains(&kind))
}

/// Why a socket look-up on an interface that finds nothing does not prove that there is no socket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unproven {
    /// The frames come in on its members, and the program runs there.
    Members {
        /// The kind of the interface: "bond" or "team".
        kind: String,
    },
    /// Sockets may be bound to interfaces above.
    Uppers {
        /// Kind and name of each.
        uppers: Vec<(String, String)>,
    },
}

impl fmt::Display for Unproven {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Members { kind } => {
                write!(out, "it is a {kind}, whose members receive the frames")
            }
            Self::Uppers { uppers } => {
                let verb = if uppers.len() == 1 { "stands" } else { "stand" };
                let uppers: Vec<_> =
                    uppers.iter().map(|(kind, name)| format!("the {kind} {name}")).collect();
                write!(out, "{} {verb} above it", uppers.join(" and "))
            }
        }
    }
}

/// Why a socket look-up on an interface that finds nothing proves nothing; `None` if it proves that
/// there is no socket.
///
/// # Errors
///
/// As [`Stack::read`].
pub fn unproven(link: &Link) -> Result<Option<Unproven>, HostError> {
    Ok(Stack::read()?.unproven(link))
}

#[cfg(test)]
impl Stack {
    /// Interfaces, and the VLANs of bridges and their ports.
    pub(super) fn of(links: Vec<Link>, bridge_vlans: Option<BridgeVlans>) -> Self {
        Self { links, bridge_vlans }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, kind: &str, master: Option<u32>, lower: Option<u32>) -> Link {
        let kind = Some(kind.to_owned());
        Link { index, name: format!("i{index}"), kind, master, lower, ..Link::default() }
    }

    fn indices(links: &[&Link]) -> Vec<u32> {
        links.iter().map(|link| link.index).collect()
    }

    #[test]
    fn a_bridge_over_a_vlan_over_a_bond_stands_above_the_port() {
        let stack = Stack::of(
            vec![
                link(1, "veth", Some(2), Some(9)),
                link(2, "bond", None, None),
                link(3, "vlan", Some(4), Some(2)),
                link(4, "bridge", None, None),
                link(5, "macvlan", None, Some(7)),
            ],
            None,
        );
        assert_eq!(indices(&stack.from(1)), [1, 2, 3, 4]);
    }

    #[test]
    fn the_other_end_of_a_pair_and_a_tunnel_stand_beside() {
        let stack = Stack::of(
            vec![
                link(1, "veth", None, Some(2)),
                link(2, "veth", None, Some(1)),
                link(3, "vxlan", None, Some(1)),
            ],
            None,
        );
        assert_eq!(indices(&stack.from(1)), [1]);
    }

    #[test]
    fn a_loop_ends() {
        let stack =
            Stack::of(vec![link(1, "x", Some(2), None), link(2, "x", Some(1), Some(1))], None);
        assert_eq!(indices(&stack.from(1)), [1, 2]);
    }
}
