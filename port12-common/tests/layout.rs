//! The layout of the maps. A change here breaks pinned state: it needs another `abi::VERSION`.

use std::mem::offset_of;

use port12_common::{
    Layer, Malformed, Outcome, Shape, TooDeep, Transport,
    abi::{
        self, Action, Ban, Banning, BindRecord, Budget, Clock, Contact, CpuCounters, EventRecord,
        Evidence, FIRST_TOUCH, Gate, Header, Hearing, HostTable, Local, OutboundPort,
        OutboundRecord, OutboundState, OutboundTally, OutboundTelling, Policy, PortCounters,
        Prefix4, Prefix6, Rule, SLOTS, Sockets, Source, SourceAddress, SourceTable, State, Tally,
        Telling, Touches, TransitPolicy, VlanQuery, Vlans,
    },
};

#[test]
fn the_layout_is_that_of_version_7() {
    assert_eq!(abi::VERSION, 7);
}

#[test]
fn counters_keep_their_layout() {
    assert_eq!((size_of::<Tally>(), align_of::<Tally>()), (16, 8));
    assert_eq!((offset_of!(Tally, packets), offset_of!(Tally, bytes)), (0, 8));

    assert_eq!((size_of::<PortCounters>(), align_of::<PortCounters>()), (48, 8));
    assert_eq!(offset_of!(PortCounters, passed), 0);
    assert_eq!(offset_of!(PortCounters, dropped), 16);
    assert_eq!(offset_of!(PortCounters, local_socket), 32);
    assert_eq!(offset_of!(PortCounters, last_seen), 40);

    assert_eq!((size_of::<CpuCounters>(), align_of::<CpuCounters>()), (1_047_488, 64));
    assert_eq!(offset_of!(CpuCounters, outcomes), 0);
    assert_eq!(offset_of!(CpuCounters, reasons), 256);
    assert_eq!(offset_of!(CpuCounters, shapes), 384);
    assert_eq!(offset_of!(CpuCounters, too_deep), 512);
    assert_eq!(offset_of!(CpuCounters, ports), 576);
    assert_eq!(offset_of!(CpuCounters, touches), 246_336);
    assert_eq!(offset_of!(CpuCounters, telling), 256_576);
    assert_eq!(offset_of!(CpuCounters, banning), 256_704);
    assert_eq!(offset_of!(CpuCounters, vlan_query), 256_832);
    assert_eq!(offset_of!(CpuCounters, sources), 256_896);
}

#[test]
fn the_sources_keep_their_layout() {
    assert_eq!((size_of::<SourceTable>(), align_of::<SourceTable>()), (790_592, 64));
    assert_eq!((offset_of!(SourceTable, seed), offset_of!(SourceTable, half_life)), (0, 8));
    assert_eq!((offset_of!(SourceTable, random), offset_of!(SourceTable, evictions)), (16, 24));
    assert_eq!((offset_of!(SourceTable, evicted), offset_of!(SourceTable, refused)), (32, 48));
    assert_eq!((offset_of!(SourceTable, registers), offset_of!(SourceTable, slots)), (64, 4160));

    assert_eq!((size_of::<Source>(), align_of::<Source>()), (64, 64));
    assert_eq!((size_of::<SourceAddress>(), offset_of!(Source, address)), (16, 0));
    assert_eq!((offset_of!(Source, packets), offset_of!(Source, bytes)), (16, 24));
    assert_eq!((offset_of!(Source, first_seen), offset_of!(Source, last_seen)), (32, 40));
    assert_eq!((offset_of!(Source, weight), offset_of!(Source, only)), (48, 56));
    assert_eq!(offset_of!(Source, told), 60);
    assert_eq!(offset_of!(SourceTable, touched), 4160 + SLOTS * 64);

    assert_eq!((size_of::<Touches>(), FIRST_TOUCH), (10_240, 6));
}

#[test]
fn what_is_told_keeps_its_layout() {
    assert_eq!((size_of::<EventRecord>(), align_of::<EventRecord>()), (304, 8));
    assert_eq!((offset_of!(EventRecord, boot_ns), offset_of!(EventRecord, source)), (0, 8));
    assert_eq!((offset_of!(EventRecord, label), offset_of!(EventRecord, length)), (24, 32));
    assert_eq!((offset_of!(EventRecord, interface), offset_of!(EventRecord, captured)), (36, 40));
    assert_eq!(offset_of!(EventRecord, frame), 48);

    assert_eq!((size_of::<Budget>(), size_of::<Telling>()), (32, 128));
    assert_eq!((offset_of!(Budget, tokens), offset_of!(Budget, filled)), (0, 8));
    assert_eq!((offset_of!(Budget, rate), offset_of!(Budget, burst)), (16, 24));
    assert_eq!((offset_of!(Telling, known), offset_of!(Telling, newcomers)), (0, 32));
    assert_eq!((offset_of!(Telling, told), offset_of!(Telling, suppressed)), (64, 72));
    assert_eq!(offset_of!(Telling, lost), 80);
}

/// Not pinned: both sides are of one build.
#[test]
fn a_bind_is_told_as_it_is_read() {
    assert_eq!((size_of::<BindRecord>(), align_of::<BindRecord>()), (72, 8));
    assert_eq!((offset_of!(BindRecord, boot_ns), offset_of!(BindRecord, cookie)), (0, 8));
    assert_eq!((offset_of!(BindRecord, cgroup), offset_of!(BindRecord, address_be)), (16, 24));
    assert_eq!((offset_of!(BindRecord, process), offset_of!(BindRecord, thread)), (40, 44));
    assert_eq!((offset_of!(BindRecord, uid), offset_of!(BindRecord, port)), (48, 52));
    assert_eq!((offset_of!(BindRecord, transport), offset_of!(BindRecord, name)), (54, 56));

    assert_eq!((size_of::<Hearing>(), align_of::<Hearing>()), (32, 8));
    assert_eq!((offset_of!(Hearing, namespace), offset_of!(Hearing, probe)), (0, 8));
    assert_eq!((offset_of!(Hearing, hearers), offset_of!(Hearing, lost)), (16, 24));
}

#[test]
fn the_clock_keeps_its_layout() {
    assert_eq!((size_of::<Clock>(), align_of::<Clock>()), (24, 8));
    assert_eq!(offset_of!(Clock, jiffies), 0);
    assert_eq!(offset_of!(Clock, boot_ns), 8);
    assert_eq!(offset_of!(Clock, replayed), 16);
}

#[test]
fn a_ban_keeps_its_layout() {
    assert_eq!((size_of::<Ban>(), align_of::<Ban>()), (32, 8));
    assert_eq!((offset_of!(Ban, until), offset_of!(Ban, packets)), (0, 8));
    assert_eq!((offset_of!(Ban, since), offset_of!(Ban, times)), (16, 24));
    assert_eq!((offset_of!(Ban, origin), offset_of!(Ban, scope)), (28, 29));
    assert_eq!((Policy::ALLOW_V4, Policy::ALLOW_V6, Policy::BANS), (1, 2, 256));
}

#[test]
fn what_a_cpu_bans_keeps_its_layout() {
    assert_eq!((size_of::<Evidence>(), align_of::<Evidence>()), (24, 8));
    assert_eq!((offset_of!(Evidence, weight), offset_of!(Evidence, since)), (0, 8));
    assert_eq!(offset_of!(Evidence, times), 16);

    assert_eq!((size_of::<Banning>(), align_of::<Banning>()), (128, 64));
    assert_eq!((offset_of!(Banning, newcomers), offset_of!(Banning, after)), (0, 32));
    assert_eq!((offset_of!(Banning, term), offset_of!(Banning, longest)), (40, 48));
    assert_eq!((offset_of!(Banning, window), offset_of!(Banning, protected_until)), (56, 64));
    assert_eq!((offset_of!(Banning, banned), offset_of!(Banning, overlooked)), (72, 80));
    assert_eq!((offset_of!(Banning, spared), offset_of!(Banning, refused)), (88, 96));
    assert_eq!(offset_of!(Banning, suspect), 104);
}

/// The program writes a byte, and user space the whole word.
#[test]
fn the_byte_of_the_bans_is_theirs_alone() {
    let mut bytes = [0_u8; 8];
    bytes[Policy::BANS_BYTE] = 1;
    assert_eq!(u64::from_ne_bytes(bytes), Policy::BANS);
}

#[test]
fn the_policy_keeps_its_layout() {
    assert_eq!((size_of::<Policy>(), align_of::<Policy>()), (5152, 8));
    assert_eq!(offset_of!(Policy, too_deep), 5144);
    assert_eq!((offset_of!(Policy, gate), offset_of!(Policy, lists)), (0, 16));
    assert_eq!((size_of::<Rule>(), offset_of!(Policy, rules)), (1, 24));
    assert_eq!((offset_of!(Gate, drop_until), offset_of!(Gate, bypass)), (0, 8));
}

#[test]
fn the_state_keeps_its_layout() {
    assert_eq!((size_of::<Header>(), align_of::<Header>()), (64, 8));
    assert_eq!((offset_of!(Header, version), offset_of!(Header, attached_at)), (0, 8));
    assert_eq!((size_of::<State>(), align_of::<State>()), (123_448, 8));
    assert_eq!((offset_of!(State, header), offset_of!(State, policy)), (0, 64));
    assert_eq!((offset_of!(State, host), offset_of!(State, expected)), (5216, 122_808));
}

#[test]
fn the_host_table_keeps_its_layout() {
    assert_eq!((size_of::<Sockets>(), align_of::<Sockets>()), (13_328, 8));
    assert_eq!((offset_of!(Sockets, valid_until), offset_of!(Sockets, late_until)), (0, 16));
    assert_eq!((offset_of!(Sockets, lookup_proves), offset_of!(Sockets, listed)), (8, 8208));

    assert_eq!((size_of::<Prefix4>(), align_of::<Prefix4>()), (8, 4));
    assert_eq!((offset_of!(Prefix4, network_be), offset_of!(Prefix4, mask_be)), (0, 4));
    assert_eq!((size_of::<Prefix6>(), align_of::<Prefix6>()), (32, 4));
    assert_eq!((offset_of!(Prefix6, network_be), offset_of!(Prefix6, mask_be)), (0, 16));

    assert_eq!((size_of::<Local>(), align_of::<Local>()), (50_520, 8));
    assert_eq!(offset_of!(Local, known), 0);
    assert_eq!(offset_of!(Local, seed_v4), 8);
    assert_eq!(offset_of!(Local, seed_v6), 16);
    assert_eq!(offset_of!(Local, prefixes_v4), 24);
    assert_eq!(offset_of!(Local, prefixes_v6), 88);
    assert_eq!(offset_of!(Local, v4_be), 344);
    assert_eq!((offset_of!(Local, v6_be), offset_of!(Local, broadcast_be)), (16_728, 49_496));

    assert_eq!((size_of::<HostTable>(), align_of::<HostTable>()), (117_592, 8));
    assert_eq!(offset_of!(HostTable, sockets), 0);
    assert_eq!(offset_of!(HostTable, active), 13_328);
    assert_eq!(offset_of!(HostTable, local), 13_336);
    assert_eq!((offset_of!(HostTable, macs), offset_of!(HostTable, vlans)), (114_376, 114_504));
    assert_eq!((offset_of!(Vlans, single), offset_of!(Vlans, stacked)), (16, 1040));
    assert_eq!((offset_of!(VlanQuery, vlans), offset_of!(VlanQuery, membership)), (0, 8));
}

#[test]
fn counters_keep_their_indexes() {
    let outcomes = Outcome::ALL.map(Outcome::as_str).join(" ");
    assert_eq!(
        outcomes,
        "not_ip malformed too_deep fragment other_transport high_port assigned ignored reply transit \
         allowed local_socket banned dropped probe"
    );
    let reasons = Malformed::ALL.map(Malformed::as_str).join(" ");
    assert_eq!(
        reasons,
        "ethernet_truncated vlan_truncated ip_version ipv4_truncated \
         ipv4_header_length ipv4_total_length ipv6_truncated \
         ipv6_extension_truncated tcp_truncated tcp_data_offset \
         udp_truncated sctp_truncated dccp_truncated"
    );
    let too_deep = TooDeep::ALL.map(TooDeep::as_str).join(" ");
    assert_eq!(too_deep, "vlan_tags ipv6_extension_headers");
    let shapes = Shape::ALL.map(Shape::as_str).join(" ");
    assert_eq!(
        shapes,
        "tcp_syn tcp_null tcp_fin tcp_xmas tcp_other tiny_fragment datagram sctp_init \
         dccp_request"
    );
    assert_eq!(Transport::ALL.map(Transport::as_str).join(" "), "tcp udp udplite sctp dccp");
}

#[test]
fn a_variant_is_the_index_of_its_counter() {
    assert!(Outcome::ALL.into_iter().enumerate().all(|(index, it)| index == it as usize));
    assert!(Malformed::ALL.into_iter().enumerate().all(|(index, it)| index == it as usize));
    assert!(TooDeep::ALL.into_iter().enumerate().all(|(index, it)| index == it as usize));
    assert!(Shape::ALL.into_iter().enumerate().all(|(index, it)| index == it as usize));
    assert!(Transport::ALL.into_iter().enumerate().all(|(index, it)| index == it as usize));
    assert_eq!((Layer::Ethernet as u8, Layer::Ip as u8), (0, 1));
}

#[test]
fn a_rule_keeps_its_byte() {
    let drop = |enforce| Action::Drop { enforce };
    let transits = [TransitPolicy::Pass, TransitPolicy::Watch, TransitPolicy::Drop];
    for (transit_bits, transit) in (0_u8..).zip(transits) {
        for (byte, action) in (1_u8..).zip([Action::Ignore, Action::Watch, drop(false), drop(true)])
        {
            let rule = Rule::from_byte(byte | transit_bits << 3);
            assert_eq!(rule, Rule::new(action, transit));
            assert_eq!((rule.action(), rule.transit()), (action, transit));
        }
        assert_eq!(Rule::new(Action::Assigned, transit), Rule::from_byte(5));
    }
}

#[test]
fn what_is_unknown_in_a_rule_passes() {
    for byte in 0..=u8::MAX {
        let rule = Rule::from_byte(byte);
        assert!(byte & 7 < 5 || rule.action() == Action::Assigned);
        assert!(byte >> 3 < 3 || rule.transit() == TransitPolicy::Pass);
    }
}

#[test]
fn map_names_fit_the_kernel() {
    let names = [
        abi::map::COUNTERS,
        abi::map::STATE,
        abi::map::CLOCK,
        abi::map::ALLOW_V4,
        abi::map::ALLOW_V6,
        abi::map::BANS,
        abi::map::EVIDENCE,
        abi::map::PROTECTED,
        abi::map::EVENTS,
    ];
    assert!(names.iter().all(|name| name.len() <= 15));
}

#[test]
fn a_port_above_1023_is_not_kept_in_the_bitmap() {
    let mut sockets = Sockets::EMPTY;
    sockets.insert(Transport::Udp, 1024 + 12);
    assert!(!sockets.contains(Transport::Udp, 12));
    sockets.insert(Transport::Udp, 12);
    assert!(sockets.contains(Transport::Udp, 12));
    assert!(!sockets.contains(Transport::Tcp, 12));
}

#[test]
fn what_is_said_of_packets_that_leave_keeps_its_layout() {
    assert_eq!((size_of::<OutboundState>(), align_of::<OutboundState>()), (55_648, 8));
    assert_eq!((offset_of!(OutboundState, rules), offset_of!(OutboundState, addresses)), (0, 5128));
    assert_eq!(offset_of!(OutboundState, client_ports), 5120);

    assert_eq!((size_of::<OutboundPort>(), align_of::<OutboundPort>()), (8, 4));
    assert_eq!((offset_of!(OutboundPort, interface), offset_of!(OutboundPort, port)), (0, 4));
    assert_eq!(offset_of!(OutboundPort, transport), 6);

    assert_eq!((size_of::<OutboundTally>(), align_of::<OutboundTally>()), (24, 8));
    assert_eq!((offset_of!(OutboundTally, packets), offset_of!(OutboundTally, bytes)), (0, 8));
    assert_eq!(offset_of!(OutboundTally, last_seen), 16);

    assert_eq!((size_of::<Contact>(), align_of::<Contact>()), (32, 8));
    assert_eq!((offset_of!(Contact, destination), offset_of!(Contact, interface)), (0, 16));
    assert_eq!((offset_of!(Contact, uid), offset_of!(Contact, process)), (20, 24));
    assert_eq!((offset_of!(Contact, port), offset_of!(Contact, transport)), (28, 30));

    assert_eq!((size_of::<OutboundRecord>(), align_of::<OutboundRecord>()), (88, 8));
    assert_eq!((offset_of!(OutboundRecord, contact), offset_of!(OutboundRecord, source)), (8, 40));
    assert_eq!((offset_of!(OutboundRecord, cookie), offset_of!(OutboundRecord, name)), (56, 64));
    assert_eq!(offset_of!(OutboundRecord, source_port), 80);
    assert_eq!(offset_of!(OutboundRecord, shape), 82);

    assert_eq!((size_of::<OutboundTelling>(), align_of::<OutboundTelling>()), (64, 64));
    assert_eq!(
        (offset_of!(OutboundTelling, told), offset_of!(OutboundTelling, suppressed)),
        (32, 40)
    );
    assert_eq!(
        (offset_of!(OutboundTelling, lost), offset_of!(OutboundTelling, uncounted)),
        (48, 56)
    );
}
