//! The contract of the data path, told a second time: DESIGN section 1 on top of `etherparse`.
//!
//! It shares the names of the outcomes with the classifier and nothing else. Where the classifier
//! carries offsets through a frame, the oracle cuts slices down, layer by layer, and recurses.
//!
//! The transports that `etherparse` does not know are read by hand, and so are the cases in which
//! its view is stricter than the contract: an AH of 8 bytes, options of a first fragment.

mod internet;
mod segment;

use etherparse::{EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};
use port12_common::{Layer, Malformed, Outcome, TooDeep};

use super::{answer::Answer, environment};

/// What is to become of a frame in the [`environment`](super::environment).
pub fn answer(bytes: &[u8], layer: Layer) -> Answer {
    match layer {
        Layer::Ethernet => match Ethernet2HeaderSlice::from_slice(bytes) {
            Ok(header) => {
                let mut link =
                    Link { is_received: environment::receives(&bytes[..6]), tags: vec![] };
                tagged(header.ether_type(), &bytes[14..], &mut link)
            }
            Err(_) => Answer::malformed(Malformed::EthernetTruncated),
        },
        // The first two bytes are read together.
        Layer::Ip => match bytes {
            [] | [_] => Answer::malformed(Malformed::Ipv4Truncated),
            [first, ..] if first >> 4 == 4 => internet::v4(bytes, &Link::default()),
            [first, ..] if first >> 4 == 6 => internet::v6(bytes, &Link::default()),
            _ => Answer::malformed(Malformed::IpVersion),
        },
    }
}

/// Facts from the link layer.
#[derive(Default)]
pub struct Link {
    /// The host receives frames for the destination MAC address.
    is_received: bool,
    /// EtherType and VID of the tags, the outermost first.
    tags: Vec<(u16, u16)>,
}

impl Link {
    /// Whether the tags are for the host's VLANs.
    pub fn is_of_host(&self) -> bool {
        environment::has_vlan(&self.tags)
    }
}

/// The answer for what follows an EtherType, below some VLAN tags.
fn tagged(ether_type: EtherType, rest: &[u8], link: &mut Link) -> Answer {
    match ether_type {
        EtherType::IPV4 => internet::v4(rest, link),
        EtherType::IPV6 => internet::v6(rest, link),
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING if link.tags.len() == 4 => {
            Answer::too_deep(TooDeep::VlanTags, link.is_received && link.is_of_host())
        }
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING => {
            match SingleVlanHeaderSlice::from_slice(rest) {
                Ok(tag) => {
                    link.tags.push((ether_type.0, tag.vlan_identifier().value()));
                    tagged(tag.ether_type(), &rest[4..], link)
                }
                Err(_) => Answer::malformed(Malformed::VlanTruncated),
            }
        }
        _ => Answer::bare(Outcome::NotIp),
    }
}
