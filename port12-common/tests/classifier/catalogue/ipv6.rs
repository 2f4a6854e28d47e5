//! IPv6: extension headers, lengths, fragments, destinations, ICMPv6.

use port12_common::{
    Malformed::*,
    Outcome, Shape, TooDeep,
    Transport::{Dccp, Sctp, Tcp, Udp, UdpLite},
};

use super::{Entry, bare, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    [headers(), extensions(), excessive_extensions(), spoilt_extensions(), fragments(), protocols()]
        .into_iter()
        .flatten()
        .collect()
}

fn syn() -> Stack {
    tcp(12, SYN)
}

fn syn_dropped() -> Answer {
    dropped(Tcp, 12, Shape::TcpSyn)
}

fn headers() -> Vec<Entry> {
    let truncated = Answer::malformed(Ipv6Truncated);
    let to = |destination: [u8; 16]| udp(12).v6_to(destination).ethernet();
    let transit = |destination: [u8; 16]| syn().v6_to(destination).ethernet();
    let [mut neighbour, mut group, mut loopback] = [[0; 16]; 3];
    (neighbour[0], neighbour[1], neighbour[15]) = (0xfd, 0x12, 3);
    (group[0], group[1], group[15]) = (0xff, 2, 1);
    loopback[15] = 1;
    let is_transit = start(Outcome::Transit, Tcp, 12, Shape::TcpSyn);
    vec![
        frame("v6_tcp_syn_12", syn().v6().ethernet(), syn_dropped()),
        frame("v6_udp_12", udp(12).v6().ethernet(), dropped(Udp, 12, Shape::Datagram)),
        frame("v6_udplite_12", udplite(12).v6().ethernet(), dropped(UdpLite, 12, Shape::Datagram)),
        frame("v6_sctp_init_12", sctp(12, 1).v6().ethernet(), dropped(Sctp, 12, Shape::SctpInit)),
        frame(
            "v6_dccp_request_14",
            dccp(14, 0).v6().ethernet(),
            probe(Dccp, 14, Shape::DccpRequest),
        ),
        frame(
            "v6_tcp_syn_443",
            tcp(443, SYN).v6().ethernet(),
            start(Outcome::Assigned, Tcp, 443, Shape::TcpSyn),
        ),
        frame("v6_tcp_syn_ack_12", tcp(12, SYN | ACK).v6().ethernet(), reply(Tcp, 12)),
        frame(
            "v6_traffic_class_tcp_syn_12",
            syn().v6().set(0, 0x6f).set(1, 0xff).ethernet(),
            syn_dropped(),
        ),
        frame("v6_truncated_7", syn().v6().ethernet().cut(21), truncated),
        frame("v6_truncated_8", syn().v6().ethernet().cut(22), truncated),
        frame("v6_truncated_39", syn().v6().ethernet().cut(53), truncated),
        frame("v6_version_7", syn().v6().set(0, 0x70).ethernet(), Answer::malformed(IpVersion)),
        frame(
            "v6_version_4_truncated",
            syn().v6().set(0, 0x45).ethernet().cut(22),
            Answer::malformed(IpVersion),
        ),
        frame("v6_payload_length_0_tcp_syn_12", syn().v6().set(5, 0).ethernet(), syn_dropped()),
        frame(
            "v6_payload_length_19_tcp",
            syn().v6().set(5, 19).ethernet(),
            Answer::malformed(TcpTruncated),
        ),
        frame(
            "v6_payload_length_beyond_frame_tcp_syn_12",
            syn().v6().set(4, 5).ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_padding_not_a_header",
            carried(17, &[0; 4]).v6().ethernet().then(&[0, 12, 0, 12]),
            Answer::malformed(UdpTruncated),
        ),
        frame("v6_transit_tcp_syn_12", transit(neighbour), is_transit),
        frame("v6_to_unspecified_tcp_syn_12", transit([0; 16]), is_transit),
        frame("v6_to_loopback_tcp_syn_12", transit(loopback), is_transit),
        frame("v6_to_multicast_udp_12", to(group), probe(Udp, 12, Shape::Datagram)),
    ]
}

fn extensions() -> Vec<Entry> {
    let options =
        |stack: Stack, count| (0..count).fold(stack, |stack, _| stack.extension(DESTINATION, 0));
    let chain = |count: usize| options(syn(), count);
    let all = syn()
        .extension(SHIM6, 0)
        .extension(HIP, 4)
        .extension(MOBILITY, 0)
        .authentication(4)
        .fragment(0, false)
        .extension(ROUTING, 2)
        .extension(DESTINATION, 1)
        .extension(HOP_BY_HOP, 0);
    let jumbo = syn().extension(HOP_BY_HOP, 0).set(2, 0xc2).set(3, 4).set(7, 28);
    vec![
        frame("v6_hbh_tcp_syn_12", syn().extension(HOP_BY_HOP, 0).v6().ethernet(), syn_dropped()),
        frame(
            "v6_hbh_16_tcp_syn_12",
            syn().extension(HOP_BY_HOP, 1).v6().ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_routing_udp_12",
            udp(12).extension(ROUTING, 2).v6().ethernet(),
            dropped(Udp, 12, Shape::Datagram),
        ),
        frame(
            "v6_destination_168_tcp_syn_12",
            syn().extension(DESTINATION, 20).v6().ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_mobility_tcp_syn_12",
            syn().extension(MOBILITY, 0).v6().ethernet(),
            syn_dropped(),
        ),
        frame("v6_hip_tcp_syn_12", syn().extension(HIP, 4).v6().ethernet(), syn_dropped()),
        frame("v6_shim6_tcp_syn_12", syn().extension(SHIM6, 0).v6().ethernet(), syn_dropped()),
        frame("v6_ah_24_tcp_syn_12", syn().authentication(4).v6().ethernet(), syn_dropped()),
        frame("v6_ah_12_tcp_syn_12", syn().authentication(1).v6().ethernet(), syn_dropped()),
        frame("v6_ah_8_tcp_syn_12", syn().authentication(0).v6().ethernet(), syn_dropped()),
        frame("v6_jumbo_payload_tcp_syn_12", jumbo.v6().set(5, 0).ethernet(), syn_dropped()),
        frame("v6_8_extensions_tcp_syn_12", chain(8).v6().ethernet(), syn_dropped()),
        frame("v6_12_extensions_tcp_syn_12", chain(12).v6().ethernet(), syn_dropped()),
        frame("v6_every_extension_tcp_syn_12", all.v6().ethernet(), syn_dropped()),
        frame(
            "v6_hbh_sctp_init_12",
            sctp(12, 1).extension(HOP_BY_HOP, 0).v6().ethernet(),
            dropped(Sctp, 12, Shape::SctpInit),
        ),
    ]
}

fn excessive_extensions() -> Vec<Entry> {
    let options =
        |stack: Stack, count| (0..count).fold(stack, |stack, _| stack.extension(DESTINATION, 0));
    let chain = |count: usize| options(syn(), count);
    let behind_options = |count: usize| options(syn().fragment(1, false), count);
    let too_deep = |is_dropped| Answer::too_deep(TooDeep::ExtensionHeaders, is_dropped);
    let [mut neighbour, mut group] = [[0; 16]; 2];
    (neighbour[0], neighbour[1], neighbour[15]) = (0xfd, 0x12, 3);
    (group[0], group[1], group[15]) = (0xff, 2, 1);
    vec![
        frame("v6_13_extensions_too_deep", chain(13).v6().ethernet(), too_deep(true)),
        frame("v6_40_extensions_too_deep", chain(40).v6().ethernet(), too_deep(true)),
        frame(
            "v6_13_extensions_priority_tag_too_deep",
            chain(13).v6().dot1q(0).ethernet(),
            too_deep(true),
        ),
        frame(
            "v6_13_extensions_vlan_too_deep",
            chain(13).v6().dot1q(7).ethernet(),
            too_deep(false),
        ),
        frame(
            "v6_13_extensions_transit_too_deep",
            chain(13).v6_to(neighbour).ethernet(),
            too_deep(false),
        ),
        frame(
            "v6_13_extensions_multicast_too_deep",
            chain(13).v6_to(group).ethernet(),
            too_deep(true),
        ),
        bare("l3_v6_13_extensions_too_deep", chain(13).v6(), too_deep(true)),
        frame("v6_12_extensions_frag_later", behind_options(11).v6().ethernet(), fragment()),
        frame("v6_13_extensions_frag_later", behind_options(12).v6().ethernet(), too_deep(true)),
        frame("v6_13_extensions_cut", chain(13).v6().ethernet().cut(54 + 12 * 8), too_deep(true)),
        frame(
            "v6_13_extensions_cut_in_the_last",
            chain(13).v6().ethernet().cut(54 + 12 * 8 - 1),
            Answer::malformed(Ipv6ExtensionTruncated),
        ),
    ]
}

fn spoilt_extensions() -> Vec<Entry> {
    let truncated = Answer::malformed(Ipv6ExtensionTruncated);
    let hbh = || syn().extension(HOP_BY_HOP, 0);
    vec![
        frame("v6_hbh_beyond_packet", hbh().set(1, 255).v6().ethernet(), truncated),
        frame("v6_hbh_beyond_payload_length", hbh().v6().set(5, 7).ethernet(), truncated),
        frame("v6_hbh_1_byte", hbh().v6().ethernet().cut(55), truncated),
        frame("v6_hbh_missing", hbh().v6().ethernet().cut(54), truncated),
        frame("v6_ah_beyond_packet", syn().authentication(1).set(1, 12).v6().ethernet(), truncated),
        frame("v6_ah_cut", syn().authentication(4).v6().ethernet().cut(54 + 23), truncated),
        frame("v6_frag_header_cut", syn().fragment(0, true).v6().ethernet().cut(61), truncated),
        frame(
            "v6_frag_header_beyond_payload_length",
            syn().fragment(1, false).v6().set(5, 7).ethernet(),
            truncated,
        ),
        frame(
            "v6_hbh_then_no_tcp",
            carried(6, &[]).extension(HOP_BY_HOP, 0).v6().ethernet(),
            Answer::malformed(TcpTruncated),
        ),
    ]
}

fn fragments() -> Vec<Entry> {
    let tiny = dropped(Tcp, 12, Shape::TinyFragment);
    let cut = |port: u16, length: usize| tcp(port, SYN).cut(length);
    vec![
        frame("v6_frag_atomic_tcp_syn_12", syn().fragment(0, false).v6().ethernet(), syn_dropped()),
        frame(
            "v6_frag_atomic_tcp_8_bytes",
            cut(12, 8).fragment(0, false).v6().ethernet(),
            Answer::malformed(TcpTruncated),
        ),
        frame(
            "v6_frag_atomic_reserved_bits_tcp_syn_12",
            syn().fragment(0, false).set(3, 6).v6().ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_frag_first_tcp_syn_12",
            syn().then(&[0; 4]).fragment(0, true).v6().ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_frag_first_options_in_the_next_12",
            syn().set(12, 0xf0).fragment(0, true).v6().ethernet(),
            syn_dropped(),
        ),
        frame("v6_frag_first_tiny_8_12", cut(12, 8).fragment(0, true).v6().ethernet(), tiny),
        frame(
            "v6_hbh_frag_first_tiny_12",
            cut(12, 8).fragment(0, true).extension(HOP_BY_HOP, 0).v6().ethernet(),
            tiny,
        ),
        frame(
            "v6_frag_first_destination_tiny_12",
            cut(12, 8).extension(DESTINATION, 0).fragment(0, true).v6().ethernet(),
            tiny,
        ),
        frame(
            "v6_frag_first_tiny_8_80",
            cut(80, 8).fragment(0, true).v6().ethernet(),
            Answer::malformed(TcpTruncated),
        ),
        // An atomic fragment inside a first one does not make it whole.
        frame(
            "v6_frag_first_then_atomic_tiny_12",
            cut(12, 8).fragment(0, false).fragment(0, true).v6().ethernet(),
            tiny,
        ),
        frame(
            "v6_frag_later_payload_like_tcp_syn_12",
            syn().fragment(1, false).v6().ethernet(),
            fragment(),
        ),
        frame(
            "v6_frag_middle_payload_like_tcp_syn_12",
            syn().fragment(185, true).v6().ethernet(),
            fragment(),
        ),
        frame(
            "v6_frag_last_offset_payload_like_udp_12",
            udp(12).fragment(0x1fff, false).v6().ethernet(),
            fragment(),
        ),
        frame(
            "v6_frag_later_icmp",
            carried(58, &[0; 8]).fragment(2, false).v6().ethernet(),
            fragment(),
        ),
        frame(
            "v6_frag_later_payload_like_hbh",
            syn().extension(HOP_BY_HOP, 0).set(1, 255).fragment(1, true).v6().ethernet(),
            fragment(),
        ),
        frame(
            "v6_payload_length_0_frag_first",
            syn().fragment(0, true).v6().set(5, 0).ethernet(),
            syn_dropped(),
        ),
        frame(
            "v6_payload_length_0_frag_later",
            syn().fragment(1, false).v6().set(5, 0).ethernet(),
            fragment(),
        ),
        frame(
            "v6_payload_length_0_frag_atomic",
            syn().fragment(0, false).v6().set(5, 0).ethernet(),
            syn_dropped(),
        ),
    ]
}

fn protocols() -> Vec<Entry> {
    let solicitation = [135, 0, 0, 0, 0, 0, 0, 0];
    let listener_report = [143, 0, 0, 0, 0, 0, 0, 0];
    let mut unreachable = vec![1, 4, 0, 0, 0, 0, 0, 0];
    unreachable.extend(syn().v6().headers().flatten());
    vec![
        frame("v6_nd_solicitation", carried(58, &solicitation).v6().ethernet(), other_transport()),
        frame(
            "v6_hbh_mld_report",
            carried(58, &listener_report).extension(HOP_BY_HOP, 0).v6().ethernet(),
            other_transport(),
        ),
        frame(
            "v6_icmp_unreachable_embeds_tcp_syn_12",
            carried(58, &unreachable).v6().ethernet(),
            other_transport(),
        ),
        frame("v6_esp", carried(50, &[0, 0, 0, 1, 0, 0, 0, 1]).v6().ethernet(), other_transport()),
        frame(
            "v6_ah_esp",
            carried(50, &[0; 8]).authentication(4).v6().ethernet(),
            other_transport(),
        ),
        frame("v6_no_next_header", carried(59, &[]).v6().ethernet(), other_transport()),
        frame(
            "v6_hbh_no_next_header_then_tcp_syn_12",
            carried(59, syn().headers().next().unwrap_or_default())
                .extension(HOP_BY_HOP, 0)
                .v6()
                .ethernet(),
            other_transport(),
        ),
        frame("v6_gre", carried(47, &[0, 0, 8, 0]).v6().ethernet(), other_transport()),
        frame("v6_experimental_253", carried(253, &[0; 8]).v6().ethernet(), other_transport()),
        frame(
            "v6_dhcp_server",
            udp(547).v6().ethernet(),
            start(Outcome::Assigned, Udp, 547, Shape::Datagram),
        ),
    ]
}
