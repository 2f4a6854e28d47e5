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
use port12_common::{Layer, Malformed, Outcome};

use super::answer::Answer;

/// What is to become of a frame in the [`environment`](super::environment).
pub fn answer(bytes: &[u8], layer: Layer) -> Answer {
    match layer {
        Layer::Ethernet => match Ethernet2HeaderSlice::from_slice(bytes) {
            Ok(header) => tagged(header.ether_type(), &bytes[14..], 0),
            Err(_) => Answer::malformed(Malformed::EthernetTruncated),
        },
        // The first two bytes are read together.
        Layer::Ip => match bytes {
            [] | [_] => Answer::malformed(Malformed::Ipv4Truncated),
            [first, ..] if first >> 4 == 4 => internet::v4(bytes),
            [first, ..] if first >> 4 == 6 => internet::v6(bytes),
            _ => Answer::malformed(Malformed::IpVersion),
        },
    }
}

/// The answer for what follows an EtherType, below a number of VLAN tags.
fn tagged(ether_type: EtherType, rest: &[u8], tags: usize) -> Answer {
    match ether_type {
        EtherType::IPV4 => internet::v4(rest),
        EtherType::IPV6 => internet::v6(rest),
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING if tags == 4 => {
            Answer::malformed(Malformed::VlanDepth)
        }
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING => {
            match SingleVlanHeaderSlice::from_slice(rest) {
                Ok(tag) => tagged(tag.ether_type(), &rest[4..], tags + 1),
                Err(_) => Answer::malformed(Malformed::VlanTruncated),
            }
        }
        _ => Answer::bare(Outcome::NotIp),
    }
}
