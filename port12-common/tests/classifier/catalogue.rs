//! The frames of `tests/frames/frames.txt`, built header by header, each with what is to become of
//! it. The [`environment`](crate::support::environment) says which host they are sent to.

mod expect;
mod first_fragment;
mod ipv4;
mod ipv6;
mod link;
mod others;
mod stack;
mod tcp;
mod udp;

use port12_common::Layer;

use crate::support::answer::Answer;
use stack::Stack;

/// One frame of the table.
pub struct Entry {
    pub name: &'static str,
    pub layer: Layer,
    pub stack: Stack,
    pub expected: Answer,
}

/// A frame that starts with an Ethernet header.
fn frame(name: &'static str, stack: Stack, expected: Answer) -> Entry {
    Entry { name, layer: Layer::Ethernet, stack, expected }
}

/// A frame that starts with an IP header.
fn bare(name: &'static str, stack: Stack, expected: Answer) -> Entry {
    Entry { name, layer: Layer::Ip, stack, expected }
}

/// Every frame of the table.
pub fn entries() -> Vec<Entry> {
    [
        link::entries(),
        ipv4::entries(),
        ipv6::entries(),
        first_fragment::entries(),
        tcp::entries(),
        udp::entries(),
        others::entries(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
