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
#[error(
    "{name} has the link-layer type {hardware} (ARPHRD, linux/if_arp.h), whose frames port12 \
     cannot read; it reads Ethernet, and the IP packets of tun, WireGuard and ppp"
)]
pub struct Unsupported {
    /// The interface.
    pub name: String,
    /// Its link-layer type.
    pub hardware: u16,
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
        hardware => Err(Unsupported { name: link.name.clone(), hardware }),
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
    fn an_unknown_layer_is_never_guessed() {
        let refusal = of(32).unwrap_err().to_string();
        assert!(refusal.starts_with("x0 has the link-layer type 32"), "{refusal}");
    }
}
