//! Where the frames of an interface begin.

use port12_common::Layer;
use thiserror::Error;

use super::Link;

// linux/if_arp.h.
const ARPHRD_ETHER: u16 = 1;
const ARPHRD_PPP: u16 = 512;
const ARPHRD_RAWIP: u16 = 519;
const ARPHRD_LOOPBACK: u16 = 772;
const ARPHRD_NONE: u16 = 65534;

/// An interface whose frames port12 cannot read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unsupported {
    /// The frames are of an unknown form.
    #[error(
        "{name} has the link-layer type {hardware} (ARPHRD, linux/if_arp.h), whose frames port12 \
         cannot read; it reads Ethernet, and the IP packets of tun, WireGuard and ppp"
    )]
    Hardware {
        /// The interface.
        name: String,
        /// Its link-layer type.
        hardware: u16,
    },
    /// No frame from outside reaches an XDP program on a VRF device: a packet is assigned to the
    /// VRF behind the XDP hooks, when the IP layer receives it.
    #[error(
        "{name} is a VRF device, which no frame goes through: watch {} instead",
        listed(members)
    )]
    Vrf {
        /// The interface.
        name: String,
        /// The interfaces that belong to it.
        members: Vec<String>,
    },
}

fn listed(members: &[String]) -> String {
    match members {
        [] => "its members (it has none yet)".to_owned(),
        members => format!("its members ({})", members.join(", ")),
    }
}

/// Where the frames of an interface begin, if an XDP program on it receives any. `all` are the
/// interfaces of its network namespace.
///
/// # Errors
///
/// [`Unsupported`].
pub fn readable(link: &Link, all: &[Link]) -> Result<Layer, Unsupported> {
    if link.kind.as_deref() == Some("vrf") {
        let members = all.iter().filter(|it| it.master == Some(link.index));
        let members = members.map(|it| it.name.clone()).collect();
        return Err(Unsupported::Vrf { name: link.name.clone(), members });
    }
    layer(link)
}

/// Where the frames of an interface begin.
///
/// # Errors
///
/// For a link-layer type that is not known to carry Ethernet or bare IP.
pub fn layer(link: &Link) -> Result<Layer, Unsupported> {
    match link.hardware {
        ARPHRD_ETHER | ARPHRD_LOOPBACK => Ok(Layer::Ethernet),
        ARPHRD_PPP | ARPHRD_RAWIP | ARPHRD_NONE => Ok(Layer::Ip),
        hardware => Err(Unsupported::Hardware { name: link.name.clone(), hardware }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hardware: u16) -> Result<Layer, Unsupported> {
        layer(&Link { name: "x0".to_owned(), hardware, ..Link::default() })
    }

    #[test]
    fn loopback_frames_have_an_ethernet_header() {
        assert_eq!(of(772), Ok(Layer::Ethernet));
    }

    #[test]
    fn tunnels_without_a_link_layer_carry_bare_ip() {
        assert_eq!([of(65534), of(512)], [Ok(Layer::Ip), Ok(Layer::Ip)]);
    }

    #[test]
    fn a_vrf_device_is_refused_with_its_members() {
        let vrf =
            Link { index: 3, name: "blue".into(), kind: Some("vrf".into()), ..Link::default() };
        let member = |index, name: &str| Link {
            index,
            name: name.into(),
            master: (index > 3).then_some(3),
            hardware: 1,
            ..Link::default()
        };
        let all = [member(1, "lo"), vrf.clone(), member(4, "eth0"), member(5, "eth1")];
        let said = readable(&vrf, &all).unwrap_err().to_string();
        assert_eq!(
            said,
            "blue is a VRF device, which no frame goes through: watch its members (eth0, eth1) instead"
        );
        assert_eq!(readable(&all[2], &all), Ok(Layer::Ethernet));
    }

    #[test]
    fn an_unknown_layer_is_never_guessed() {
        let refusal = of(32).unwrap_err().to_string();
        assert!(refusal.starts_with("x0 has the link-layer type 32"), "{refusal}");
    }
}
