//! Ethernet, VLAN tags, and frames without either.

use port12_common::{Malformed::*, Outcome, Shape, TooDeep, Transport::Tcp};

use super::{Entry, bare, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    [untagged(), tagged(), layer_three()].into_iter().flatten().collect()
}

fn syn() -> Stack {
    tcp(12, SYN)
}

fn syn_dropped() -> Answer {
    dropped(Tcp, 12, Shape::TcpSyn)
}

fn untagged() -> Vec<Entry> {
    let arp =
        [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 12, 0, 1, 0, 0, 0, 0, 0, 0, 10, 12, 0, 2];
    let stp = [0x42, 0x42, 3, 0, 0, 0, 0, 0, 0x80, 0, 2, 0, 0, 0, 0, 1];
    let mut pppoe = vec![0x11, 0, 0, 1, 0, 42, 0, 0x21];
    pppoe.extend(syn().v4().headers().flatten());
    let truncated = Answer::malformed(EthernetTruncated);
    vec![
        frame("ether_empty", linked(0, &[]), truncated),
        frame("ether_runt_6", linked(0x0800, &[]).ethernet().cut(6), truncated),
        frame("ether_runt_13", syn().v4().ethernet().cut(13), truncated),
        frame("ether_header_only", linked(0x88b5, &[]).ethernet(), not_ip()),
        frame(
            "ether_header_only_v4",
            linked(0x0800, &[]).ethernet(),
            Answer::malformed(Ipv4Truncated),
        ),
        frame(
            "ether_header_only_v6",
            linked(0x86dd, &[]).ethernet(),
            Answer::malformed(Ipv6Truncated),
        ),
        frame("arp", linked(0x0806, &arp).ethernet_to([0xff; 6]), not_ip()),
        frame(
            "lldp",
            linked(0x88cc, &[2, 7, 4, 2, 0, 0, 0, 0, 1]).ethernet_to([1, 0x80, 0xc2, 0, 0, 0xe]),
            not_ip(),
        ),
        // An 802.3 frame: the EtherType is a length.
        frame("llc_stp", linked(38, &stp).ethernet_to([1, 0x80, 0xc2, 0, 0, 0]), not_ip()),
        frame("mpls_v4_tcp_syn_12", syn().v4().tag(0x8847, 0).ethernet(), not_ip()),
        frame("pppoe_session_v4_tcp_syn_12", linked(0x8864, &pppoe).ethernet(), not_ip()),
        frame(
            "ethertype_v4_version_6",
            syn().v6().ethernet().set(12, 8).set(13, 0),
            Answer::malformed(IpVersion),
        ),
        frame(
            "ethertype_v6_version_4",
            syn().then(&[0; 20]).v4().ethernet().set(12, 0x86).set(13, 0xdd),
            Answer::malformed(IpVersion),
        ),
    ]
}

fn tagged() -> Vec<Entry> {
    // VIDs from 1 on, the innermost first.
    let tags = |count: u16| (1..=count).fold(syn().v4(), Stack::dot1q);
    let priority = |count: u16| (0..count).fold(syn().v4(), |stack, _| stack.dot1q(0xe000));
    let foreign = start(Outcome::Transit, Tcp, 12, Shape::TcpSyn);
    let too_deep = |is_dropped| Answer::too_deep(TooDeep::VlanTags, is_dropped);
    vec![
        frame("vlan1_v4_tcp_syn_12", tags(1).ethernet(), syn_dropped()),
        frame("vlan1_v6_tcp_syn_12", syn().v6().dot1q(100).ethernet(), syn_dropped()),
        frame(
            "vlan1_priority_tag_v4_tcp_syn_12",
            syn().v4().dot1q(0xe000).ethernet(),
            syn_dropped(),
        ),
        frame("vlan1_foreign_v4_tcp_syn_12", syn().v4().dot1q(5).ethernet(), foreign),
        frame("vlan1_foreign_v6_tcp_syn_12", syn().v6().dot1q(5).ethernet(), foreign),
        frame("vlan1_foreign_protocol_v4_tcp_syn_12", syn().v4().dot1ad(100).ethernet(), foreign),
        frame(
            "qinq_foreign_inner_v4_tcp_syn_12",
            syn().v4().dot1q(7).dot1q(100).ethernet(),
            foreign,
        ),
        frame(
            "qinq_foreign_order_v4_tcp_syn_12",
            syn().v4().dot1ad(200).dot1q(100).ethernet(),
            foreign,
        ),
        frame("vlan2_foreign_v4_tcp_syn_12", tags(2).ethernet(), foreign),
        frame(
            "qinq_priority_inner_v4_tcp_syn_12",
            syn().v4().dot1q(0).dot1q(100).ethernet(),
            syn_dropped(),
        ),
        frame(
            "qinq_priority_outer_v4_tcp_syn_12",
            syn().v4().dot1q(100).dot1q(0).ethernet(),
            syn_dropped(),
        ),
        frame(
            "vlan5_of_host_too_deep",
            priority(1).dot1q(1).dot1q(2).dot1q(3).dot1q(4).ethernet(),
            too_deep(true),
        ),
        frame("vlan1_arp", linked(0x0806, &[0; 28]).dot1q(100).ethernet(), not_ip()),
        frame("dot1ad1_v4_tcp_syn_12", syn().v4().dot1ad(7).ethernet(), syn_dropped()),
        frame("qinq_v4_tcp_syn_12", syn().v4().dot1q(100).dot1ad(200).ethernet(), syn_dropped()),
        frame("qinq_v6_tcp_syn_12", syn().v6().dot1q(100).dot1ad(200).ethernet(), syn_dropped()),
        // 0x9100 is what switches used before 802.1ad; it is no VLAN tag.
        frame(
            "qinq_9100_v4_tcp_syn_12",
            syn().v4().dot1q(100).tag(0x9100, 200).ethernet(),
            not_ip(),
        ),
        frame("vlan3_v4_tcp_syn_12", tags(3).ethernet(), syn_dropped()),
        frame("vlan4_v4_tcp_syn_12", tags(4).ethernet(), syn_dropped()),
        frame(
            "vlan4_v4_tcp_syn_443",
            (1..=4).fold(tcp(443, SYN).v4(), Stack::dot1q).ethernet(),
            start(Outcome::Assigned, Tcp, 443, Shape::TcpSyn),
        ),
        frame("vlan5_too_deep", tags(5).ethernet(), too_deep(false)),
        frame("vlan5_dot1ad_too_deep", priority(4).dot1ad(0).ethernet(), too_deep(true)),
        frame("vlan4_priority_v4_tcp_syn_12", priority(4).ethernet(), syn_dropped()),
        frame("vlan5_priority_too_deep", priority(5).ethernet(), too_deep(true)),
        frame("vlan9_priority_too_deep", priority(9).ethernet(), too_deep(true)),
        frame("vlan5_priority_inside_too_deep", priority(4).dot1q(7).ethernet(), too_deep(false)),
        frame(
            "vlan5_unread_tag_too_deep",
            tags(1).dot1q(0).dot1q(0).dot1q(0).dot1q(0).ethernet(),
            too_deep(true),
        ),
        frame(
            "vlan5_priority_neighbour_too_deep",
            priority(5).ethernet_to([2, 0, 0, 0, 0, 3]),
            too_deep(false),
        ),
        frame(
            "vlan5_priority_broadcast_too_deep",
            priority(5).ethernet_to([0xff; 6]),
            too_deep(true),
        ),
        frame(
            "vlan5_priority_multicast_too_deep",
            priority(5).ethernet_to([1, 0, 0x5e, 0, 0, 1]),
            too_deep(true),
        ),
        frame(
            "vlan5_priority_arp_too_deep",
            (0..5).fold(linked(0x0806, &[0; 28]), |stack, _| stack.dot1q(0)).ethernet(),
            too_deep(true),
        ),
        frame("vlan1_truncated", tags(1).ethernet().cut(17), Answer::malformed(VlanTruncated)),
        frame("vlan1_header_only", tags(1).ethernet().cut(14), Answer::malformed(VlanTruncated)),
        frame("vlan4_truncated", tags(4).ethernet().cut(28), Answer::malformed(VlanTruncated)),
    ]
}

fn layer_three() -> Vec<Entry> {
    vec![
        bare("l3_v4_tcp_syn_12", syn().v4(), syn_dropped()),
        bare("l3_v6_tcp_syn_12", syn().v6(), syn_dropped()),
        bare("l3_v4_icmp_echo", carried(1, &[8, 0, 0, 0, 0, 0, 0, 0]).v4(), other_transport()),
        bare("l3_empty", linked(0, &[]), Answer::malformed(Ipv4Truncated)),
        bare("l3_one_byte", syn().v4().cut(1), Answer::malformed(Ipv4Truncated)),
        bare("l3_v4_truncated", syn().v4().cut(19), Answer::malformed(Ipv4Truncated)),
        bare("l3_v6_truncated", syn().v6().cut(39), Answer::malformed(Ipv6Truncated)),
        bare("l3_version_5", syn().v4().set(0, 0x55), Answer::malformed(IpVersion)),
        // Read as IP, an Ethernet header starts with the destination's address.
        bare("l3_ethernet_frame", syn().v4().ethernet(), Answer::malformed(IpVersion)),
    ]
}
