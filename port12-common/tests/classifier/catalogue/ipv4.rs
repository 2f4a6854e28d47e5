//! IPv4: options, lengths, fragments, destinations, and what it carries beside transports.

use port12_common::{
    Malformed::*,
    Outcome, Shape,
    Transport::{Tcp, Udp},
};

use super::{Entry, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    [headers(), lengths(), fragments(), destinations(), protocols()].into_iter().flatten().collect()
}

fn syn() -> Stack {
    tcp(12, SYN)
}

fn syn_dropped() -> Answer {
    dropped(Tcp, 12, Shape::TcpSyn)
}

fn headers() -> Vec<Entry> {
    let router_alert = [0x94, 4, 0, 0];
    let header_length = Answer::malformed(Ipv4HeaderLength);
    vec![
        frame("v4_options_4_tcp_syn_12", syn().v4_options(&router_alert).ethernet(), syn_dropped()),
        frame("v4_options_40_tcp_syn_12", syn().v4_options(&[1; 40]).ethernet(), syn_dropped()),
        frame(
            "v4_options_40_udp_14",
            udp(14).v4_options(&[1; 40]).ethernet(),
            dropped(Udp, 14, Shape::Datagram),
        ),
        frame(
            "v4_options_40_tcp_syn_443",
            tcp(443, SYN).v4_options(&[1; 40]).ethernet(),
            start(Outcome::Assigned, Tcp, 443, Shape::TcpSyn),
        ),
        frame("v4_ihl0", syn().v4().set(0, 0x40).ethernet(), header_length),
        frame("v4_ihl4", syn().v4().set(0, 0x44).ethernet(), header_length),
        frame("v4_ihl15_beyond_frame", syn().v4().set(0, 0x4f).ethernet(), header_length),
        frame(
            "v4_ihl6_cut_options",
            syn().v4_options(&router_alert).ethernet().cut(37),
            header_length,
        ),
        frame("v4_truncated_19", syn().v4().ethernet().cut(33), Answer::malformed(Ipv4Truncated)),
        frame("v4_version_5", syn().v4().set(0, 0x55).ethernet(), Answer::malformed(IpVersion)),
        frame("v4_dont_fragment_tcp_syn_12", syn().v4().set(6, 0x40).ethernet(), syn_dropped()),
        // RFC 3514's bit is not a fragment flag.
        frame("v4_evil_bit_tcp_syn_12", syn().v4().set(6, 0x80).ethernet(), syn_dropped()),
    ]
}

fn lengths() -> Vec<Entry> {
    let total_length = Answer::malformed(Ipv4TotalLength);
    let tcp_truncated = Answer::malformed(TcpTruncated);
    let header = |stack: Stack| stack.v4().ethernet();
    vec![
        frame("v4_total_length_0_tcp_syn_12", syn().v4().set(3, 0).ethernet(), syn_dropped()),
        frame(
            "v4_total_length_0_frag_first",
            syn().v4_fragment_of(0, true).set(3, 0).ethernet(),
            syn_dropped(),
        ),
        frame(
            "v4_total_length_0_frag_later",
            syn().v4_fragment_of(3, false).set(3, 0).ethernet(),
            fragment(),
        ),
        frame("v4_total_length_19", syn().v4().set(3, 19).ethernet(), total_length),
        frame(
            "v4_total_length_under_options",
            syn().v4_options(&[1; 8]).set(3, 24).ethernet(),
            total_length,
        ),
        frame("v4_total_length_20_no_segment", syn().v4().set(3, 20).ethernet(), tcp_truncated),
        frame("v4_total_length_39_tcp_cut", syn().v4().set(3, 39).ethernet(), tcp_truncated),
        frame(
            "v4_total_length_beyond_frame_tcp_syn_12",
            syn().v4().set(2, 5).ethernet(),
            syn_dropped(),
        ),
        // 20 bytes of padding look like a SYN to port 12 behind an empty packet.
        frame(
            "ether_padding_not_a_header",
            header(carried(6, &[])).then(syn().headers().next().unwrap_or_default()),
            tcp_truncated,
        ),
        frame("ether_padding_behind_tcp_syn_12", header(syn()).then(&[0; 6]), syn_dropped()),
        frame(
            "ether_padding_not_udp",
            header(carried(17, &[0x9c, 0x40, 0, 12])).then(&[0, 8, 0, 0]),
            Answer::malformed(UdpTruncated),
        ),
        frame("v4_tcp_syn_12_payload", header(syn().then(b"hello")), syn_dropped()),
    ]
}

fn fragments() -> Vec<Entry> {
    let cut = |port: u16, length: usize| tcp(port, SYN).cut(length);
    let first = |stack: Stack| stack.v4_fragment_of(0, true).ethernet();
    let tiny = dropped(Tcp, 12, Shape::TinyFragment);
    let truncated = Answer::malformed(TcpTruncated);
    let options = || tcp(12, SYN).set(12, 0xf0);
    vec![
        frame("v4_frag_first_tcp_syn_12", first(syn().then(&[0; 4])), syn_dropped()),
        frame(
            "v4_frag_first_udp_12",
            first(udp(12).then(&[0; 8])),
            dropped(Udp, 12, Shape::Datagram),
        ),
        frame("v4_frag_first_options_in_the_next_12", first(options()), syn_dropped()),
        frame("v4_frag_first_tiny_8_12", first(cut(12, 8)), tiny),
        frame("v4_frag_first_tiny_4_12", first(cut(12, 4)), tiny),
        frame("v4_frag_first_tiny_13_12", first(cut(12, 13)), tiny),
        frame("v4_frag_first_tiny_8_padded_12", first(cut(12, 8)).then(&[0; 18]), tiny),
        frame(
            "v4_frag_first_tiny_8_30_watched",
            first(cut(30, 8)),
            probe(Tcp, 30, Shape::TinyFragment),
        ),
        frame(
            "v4_frag_first_tiny_8_81_socket",
            first(cut(81, 8)),
            start(Outcome::LocalSocket, Tcp, 81, Shape::TinyFragment),
        ),
        frame("v4_frag_first_tiny_8_443", first(cut(443, 8)), truncated),
        frame("v4_frag_first_tiny_8_26_ignored", first(cut(26, 8)), truncated),
        frame("v4_frag_first_tiny_8_1024", first(cut(1024, 8)), truncated),
        frame("v4_frag_first_3_bytes", first(cut(12, 3)), truncated),
        frame("v4_frag_first_13_bytes_443", first(cut(443, 13)), truncated),
        // Linux keeps eight bytes of these: the flags come from the next fragment.
        frame("v4_frag_first_14_bytes", first(cut(12, 14)), tiny),
        frame("v4_frag_first_15_bytes_ack", first(cut(12, 15).set(13, ACK)), tiny),
        frame("v4_frag_first_16_bytes", first(cut(12, 16)), syn_dropped()),
        frame("v4_frag_first_19_bytes", first(cut(12, 19)), syn_dropped()),
        frame(
            "v4_frag_first_16_bytes_offset_4",
            first(cut(12, 16).set(12, 0x40)),
            Answer::malformed(TcpDataOffset),
        ),
        frame("v4_frag_first_udp_7_bytes", first(udp(12).cut(7)), Answer::malformed(UdpTruncated)),
        frame("v4_unfragmented_tcp_8_bytes", cut(12, 8).v4().ethernet(), truncated),
        frame(
            "v4_frag_later_payload_like_tcp_syn_12",
            syn().v4_fragment_of(1, false).ethernet(),
            fragment(),
        ),
        frame(
            "v4_frag_middle_payload_like_tcp_syn_12",
            syn().v4_fragment_of(185, true).ethernet(),
            fragment(),
        ),
        frame(
            "v4_frag_last_offset_payload_like_udp_12",
            udp(12).v4_fragment_of(0x1fff, false).ethernet(),
            fragment(),
        ),
        frame(
            "v4_frag_offset_1000_like_tcp_syn_12",
            syn().v4_fragment_of(0x1000, false).ethernet(),
            fragment(),
        ),
        frame(
            "v4_frag_later_empty",
            carried(6, &[]).v4_fragment_of(1, false).ethernet(),
            fragment(),
        ),
        frame(
            "v4_frag_later_icmp",
            carried(1, &[0; 8]).v4_fragment_of(1, false).ethernet(),
            fragment(),
        ),
    ]
}

fn destinations() -> Vec<Entry> {
    let to = |destination| syn().v4_to(destination).ethernet();
    let transit = |port, shape| start(Outcome::Transit, Tcp, port, shape);
    let tiny = syn().cut(8).v4_to([10, 12, 0, 3]).v4_fragment(0, true).ethernet();
    vec![
        frame("v4_transit_tcp_syn_12", to([10, 12, 0, 3]), transit(12, Shape::TcpSyn)),
        frame(
            "v4_transit_tcp_syn_28_enforced",
            tcp(28, SYN).v4_to([192, 0, 2, 1]).ethernet(),
            transit(28, Shape::TcpSyn),
        ),
        frame("v4_transit_frag_first_tiny_12", tiny, transit(12, Shape::TinyFragment)),
        frame(
            "v4_transit_tcp_ack_12",
            tcp(12, ACK).v4_to([10, 12, 0, 3]).ethernet(),
            reply(Tcp, 12),
        ),
        frame(
            "v4_transit_tcp_syn_443",
            tcp(443, SYN).v4_to([10, 12, 0, 3]).ethernet(),
            start(Outcome::Assigned, Tcp, 443, Shape::TcpSyn),
        ),
        frame("v4_to_class_e_tcp_syn_12", to([240, 0, 0, 1]), transit(12, Shape::TcpSyn)),
        // Linux takes it for the limited broadcast, and the hash tables mark their empty elements with it.
        frame("v4_to_unspecified_tcp_syn_12", to([0, 0, 0, 0]), probe(Tcp, 12, Shape::TcpSyn)),
        frame("v4_to_loopback_tcp_syn_12", to([127, 200, 0, 1]), syn_dropped()),
        frame(
            "v4_to_multicast_udp_12",
            udp(12).v4_to([224, 0, 0, 251]).ethernet(),
            probe(Udp, 12, Shape::Datagram),
        ),
        frame(
            "v4_to_multicast_last_udp_12",
            udp(12).v4_to([239, 255, 255, 255]).ethernet(),
            probe(Udp, 12, Shape::Datagram),
        ),
        frame(
            "v4_to_broadcast_udp_12",
            udp(12).v4_to([255; 4]).ethernet_to([0xff; 6]),
            probe(Udp, 12, Shape::Datagram),
        ),
    ]
}

fn protocols() -> Vec<Entry> {
    let unreachable = [3, 3, 0, 0, 0, 0, 0, 0];
    let embedded = syn().v4().headers().collect::<Vec<_>>().concat();
    let over = |protocol, bytes: &[u8]| carried(protocol, bytes).v4().ethernet();
    let inside = |protocol, header: &[u8]| over(protocol, &[header, &embedded].concat());
    let ah = [6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    vec![
        frame("v4_icmp_echo", over(1, &[8, 0, 0, 0, 0, 0, 0, 0]), other_transport()),
        frame("v4_icmp_unreachable_embeds_tcp_syn_12", inside(1, &unreachable), other_transport()),
        frame("v4_igmp", over(2, &[0x16, 0, 0, 0, 224, 0, 0, 251]), other_transport()),
        frame("v4_ipip_tcp_syn_12", inside(4, &[]), other_transport()),
        frame(
            "v4_6in4_tcp_syn_12",
            over(41, &syn().v6().headers().collect::<Vec<_>>().concat()),
            other_transport(),
        ),
        frame("v4_gre_tcp_syn_12", inside(47, &[0, 0, 8, 0]), other_transport()),
        frame("v4_esp", over(50, &[0, 0, 0, 1, 0, 0, 0, 1, 0x9c, 0x40, 0, 12]), other_transport()),
        // AH is an extension header in IPv6 only.
        frame(
            "v4_ah_tcp_syn_12",
            over(51, &[&ah[..], syn().headers().next().unwrap_or_default()].concat()),
            other_transport(),
        ),
        frame("v4_ospf", over(89, &[2, 1, 0, 44]), other_transport()),
        frame("v4_protocol_255", over(255, &[0; 20]), other_transport()),
        frame("v4_protocol_0", over(0, &[6, 0, 0, 0, 0, 0, 0, 0]), other_transport()),
    ]
}
