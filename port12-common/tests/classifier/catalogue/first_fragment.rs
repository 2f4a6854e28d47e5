//! IPv6 first fragments that end before the ports (RFC 7112).

use port12_common::{Malformed::Ipv6ExtensionTruncated, TooDeep};

use super::{
    Entry,
    expect::fragment,
    frame,
    stack::{DESTINATION, HOP_BY_HOP, Stack, carried},
};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    let cut = |is_dropped| Answer::too_deep(TooDeep::ExtensionHeaders, is_dropped);
    let header = |next: u8, units: u8| carried(DESTINATION, &[next, units, 1, 4, 0, 0, 0, 0]);
    let first = |stack: Stack| stack.fragment(0, true).v6();
    let [mut neighbour, mut group] = [[0; 16]; 2];
    (neighbour[0], neighbour[1], neighbour[15]) = (0xfd, 0x12, 3);
    (group[0], group[1], group[15]) = (0xff, 2, 1);
    let frame_of = |stack: Stack| first(stack).ethernet();
    vec![
        frame("v6_frag_first_cut_options", frame_of(header(6, 1)), cut(true)),
        frame(
            "v6_frag_first_cut_before_the_next_options",
            frame_of(header(DESTINATION, 0)),
            cut(true),
        ),
        frame("v6_frag_first_cut_before_tcp", frame_of(header(6, 0)), cut(true)),
        frame("v6_frag_first_cut_before_udp", frame_of(header(17, 0)), cut(true)),
        frame(
            "v6_hbh_frag_first_cut_options",
            header(6, 1).fragment(0, true).extension(HOP_BY_HOP, 0).v6().ethernet(),
            cut(true),
        ),
        frame("v6_frag_first_cut_options_padded", frame_of(header(6, 1)).then(&[0; 30]), cut(true)),
        frame(
            "v6_frag_first_cut_options_priority_tag",
            first(header(6, 1)).dot1q(0).ethernet(),
            cut(true),
        ),
        frame(
            "v6_frag_first_cut_options_transit",
            header(6, 1).fragment(0, true).v6_to(neighbour).ethernet(),
            cut(false),
        ),
        frame(
            "v6_frag_first_cut_options_multicast",
            header(17, 1).fragment(0, true).v6_to(group).ethernet(),
            cut(true),
        ),
        // The frame ends, and not the packet: Linux has no such packet.
        frame(
            "v6_frag_first_options_beyond_the_frame",
            first(header(6, 1).then(&[0; 40])).ethernet().cut(54 + 8 + 12),
            Answer::malformed(Ipv6ExtensionTruncated),
        ),
        frame(
            "v6_frag_later_like_cut_options",
            header(6, 1).fragment(1, true).v6().ethernet(),
            fragment(),
        ),
    ]
}
