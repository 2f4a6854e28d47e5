//! What the tables make of a conversation start: sockets, heartbeats, transit, enforcement.

use std::net::Ipv4Addr;

use port12_common::{
    Addresses, Allowed, Flow, Layer, Lookup, Outcome, Socket, Tables, Transport,
    abi::{Action, Ban, Gate, Local, Policy, Prefix4, Prefix6, SourceAddress, TransitPolicy},
    classify,
};

use crate::support::{
    environment::{Environment, policy_with},
    named::{self, NamedFrame},
};

/// A namespace in which every look-up has the same answer.
struct Always(Socket);

impl Lookup for Always {
    fn socket(&self, _: &Flow) -> Socket {
        self.0
    }
}

fn named_frame(name: &str) -> NamedFrame {
    named::all().into_iter().find(|frame| frame.name == name).expect("a frame of the table")
}

fn outcome(environment: &Environment, name: &str, now: u64, lookup: Socket) -> Outcome {
    let frame = named_frame(name);
    let Environment { policy, host } = environment;
    let tables = Tables {
        policy,
        host,
        allowed: Allowed::default(),
        banned: &[],
        shuts_out: false,
        now,
        lookup: Always(lookup),
    };
    classify(&frame.bytes.as_slice(), frame.layer, &tables).outcome
}

fn fresh(name: &str, lookup: Socket) -> Outcome {
    outcome(&Environment::new(), name, 0, lookup)
}

/// The outcome after the last heartbeat ran out.
fn stale(name: &str, lookup: Socket) -> Outcome {
    let mut environment = Environment::new();
    environment.host.sockets.valid_until = 999;
    environment.host.sockets.lookup_proves = 0;
    outcome(&environment, name, 1000, lookup)
}

#[test]
fn a_datagram_for_a_connected_socket_is_a_reply() {
    assert_eq!(fresh("v4_udp_12", Socket::Connected), Outcome::Reply);
    assert_eq!(fresh("v4_udp_717_socket", Socket::Connected), Outcome::Reply);
}

#[test]
fn a_datagram_for_a_socket_that_the_bitmap_has_yet_to_list_is_passed() {
    assert_eq!(fresh("v4_udp_12", Socket::Bound), Outcome::LocalSocket);
    assert_eq!(fresh("v4_udp_12", Socket::Unknown), Outcome::Probe);
}

#[test]
fn a_fresh_bitmap_decides_about_tcp_without_a_look_up() {
    assert_eq!(fresh("v4_tcp_syn_12", Socket::Bound), Outcome::Dropped);
    assert_eq!(fresh("v4_tcp_syn_81_socket", Socket::None), Outcome::LocalSocket);
}

#[test]
fn a_heartbeat_holds_up_to_and_with_its_last_jiffy() {
    let mut environment = Environment::new();
    environment.host.sockets.valid_until = 1000;
    assert_eq!(outcome(&environment, "v4_tcp_syn_12", 1000, Socket::Bound), Outcome::Dropped);
    assert_eq!(outcome(&environment, "v4_tcp_syn_12", 1001, Socket::Bound), Outcome::LocalSocket);
}

#[test]
fn nothing_is_dropped_on_the_word_of_a_stale_bitmap() {
    for name in
        ["v4_tcp_syn_12", "v6_udp_12", "v4_udplite_12", "v4_sctp_init_12", "v4_dccp_request_12"]
    {
        assert_eq!(stale(name, Socket::None), Outcome::Probe, "{name}");
    }
}

#[test]
fn a_look_up_below_another_device_proves_nothing_about_udp() {
    let mut environment = Environment::new();
    environment.host.sockets.lookup_proves = 0;
    let below = |name| outcome(&environment, name, 0, Socket::None);
    assert_eq!(below("v4_udp_12"), Outcome::Probe);
    assert_eq!(below("v4_tcp_syn_12"), Outcome::Dropped);
    environment.policy.set(Transport::Udp, 12, Action::Drop { enforce: true }.into());
    let enforced = outcome(&environment, "v4_udp_12", 0, Socket::None);
    assert_eq!(enforced, Outcome::Probe, "it may be a reply");
}

#[test]
fn a_stale_bitmap_still_knows_of_sockets() {
    assert_eq!(stale("v4_tcp_syn_81_socket", Socket::None), Outcome::LocalSocket);
    assert_eq!(stale("v4_udp_717_socket", Socket::Unknown), Outcome::LocalSocket);
    assert_eq!(stale("v4_sctp_init_81_socket", Socket::None), Outcome::LocalSocket);
}

#[test]
fn a_look_up_that_sees_every_socket_stands_in_for_the_bitmap() {
    let mut environment = Environment::new();
    environment.host.sockets.valid_until = 0;
    environment.host.sockets.lookup_proves = 1;
    let after = |name| outcome(&environment, name, 1, Socket::None);
    assert_eq!(after("v4_tcp_syn_12"), Outcome::Dropped);
    assert_eq!(after("v4_udp_12"), Outcome::Dropped);
    assert_eq!(after("v4_sctp_init_12"), Outcome::Probe);
}

#[test]
fn an_enforced_port_is_dropped_in_spite_of_its_socket_but_not_of_a_connection() {
    let mut environment = Environment::new();
    environment.policy.set(Transport::Udp, 12, Action::Drop { enforce: true }.into());
    let with = |socket| outcome(&environment, "v4_udp_12", 0, socket);
    assert_eq!(with(Socket::Bound), Outcome::Dropped);
    assert_eq!(with(Socket::Connected), Outcome::Reply);
}

#[test]
fn transit_is_passed_watched_or_dropped_as_the_policy_says() {
    let name = "v4_transit_tcp_syn_28_enforced";
    let under = |transit: TransitPolicy| {
        let mut environment = Environment::new();
        environment.policy = policy_with(transit);
        outcome(&environment, name, 0, Socket::None)
    };
    assert_eq!(under(TransitPolicy::Pass), Outcome::Transit);
    assert_eq!(under(TransitPolicy::Watch), Outcome::LocalSocket);
    assert_eq!(under(TransitPolicy::Drop), Outcome::Dropped);
}

#[test]
fn a_watched_span_port_drops_nothing() {
    let mut environment = Environment::new();
    environment.policy = policy_with(TransitPolicy::Watch);
    let seen = outcome(&environment, "v4_transit_tcp_syn_12", 0, Socket::None);
    assert_eq!(seen, Outcome::Probe);
}

#[test]
fn every_destination_is_local_where_the_addresses_are_unknown() {
    let mut environment = Environment::new();
    environment.host.local[0].known = 0;
    let seen = outcome(&environment, "v4_transit_tcp_syn_12", 0, Socket::None);
    assert_eq!(seen, Outcome::Dropped);
}

#[test]
fn the_active_table_of_addresses_is_the_one_that_counts() {
    let mut environment = Environment::new();
    environment.host.local[1] = Local { known: 1, ..Local::UNKNOWN };
    environment.host.active = 1;
    assert_eq!(outcome(&environment, "v4_tcp_syn_12", 0, Socket::None), Outcome::Transit);
    assert_eq!(outcome(&environment, "v6_tcp_syn_12", 0, Socket::None), Outcome::Transit);
}

#[test]
fn a_local_prefix_takes_in_its_addresses() {
    let mut environment = Environment::new();
    let prefixes = &mut environment.host.local[0].prefixes_v4;
    // The first element tells whether there are any.
    prefixes[0].mask_be = u32::MAX;
    let prefix = &mut prefixes[7];
    prefix.network_be = u32::from_ne_bytes(Ipv4Addr::new(10, 12, 0, 0).octets());
    prefix.mask_be = u32::from_ne_bytes([255, 255, 255, 0]);
    let of = |name| outcome(&environment, name, 0, Socket::None);
    assert_eq!(of("v4_transit_tcp_syn_12"), Outcome::Dropped);
    assert_eq!(of("v4_to_class_e_tcp_syn_12"), Outcome::Transit);
}

#[test]
fn a_local_ipv6_prefix_takes_in_its_addresses() {
    let mut environment = Environment::new();
    let prefixes = &mut environment.host.local[0].prefixes_v6;
    prefixes[0].mask_be = [u32::MAX; 4];
    let prefix = &mut prefixes[7];
    prefix.network_be = [u32::from_ne_bytes([0xfd, 0x12, 0, 0]), 0, 0, 0];
    prefix.mask_be = [u32::MAX, u32::MAX, 0, 0];
    let of = |name| outcome(&environment, name, 0, Socket::None);
    assert_eq!(of("v6_transit_tcp_syn_12"), Outcome::Dropped);
    assert_eq!(of("v6_to_loopback_tcp_syn_12"), Outcome::Transit);
}

#[test]
fn a_flow_names_both_ends_of_the_packet() {
    struct Expect;
    impl Lookup for Expect {
        fn socket(&self, flow: &Flow) -> Socket {
            let Addresses::V4 { source_be, destination_be } = flow.addresses else {
                panic!("an IPv4 frame");
            };
            assert_eq!(source_be.to_ne_bytes(), [198, 51, 100, 7]);
            assert_eq!(destination_be.to_ne_bytes(), [10, 12, 0, 2]);
            assert_eq!((flow.source_port, flow.port), (40000, 12));
            Socket::Connected
        }
    }
    let frame = named_frame("v4_udp_12");
    let Environment { policy, host } = &Environment::new();
    let tables = Tables {
        policy,
        host,
        allowed: Allowed::default(),
        banned: &[],
        shuts_out: false,
        now: 0,
        lookup: Expect,
    };
    let found = classify(&frame.bytes.as_slice(), Layer::Ethernet, &tables);
    assert_eq!(found.outcome, Outcome::Reply);
}

/// The outcome of a frame, with these prefixes on the allowlist.
fn allowed(name: &str, lookup: Socket, v4: &[Prefix4], v6: &[Prefix6], lists: u64) -> Outcome {
    let frame = named_frame(name);
    let mut environment = Environment::new();
    environment.policy.lists = lists;
    let Environment { policy, host } = &environment;
    let lookup = Always(lookup);
    let tables = Tables {
        policy,
        host,
        allowed: Allowed { v4, v6 },
        banned: &[],
        shuts_out: false,
        now: 0,
        lookup,
    };
    classify(&frame.bytes.as_slice(), frame.layer, &tables).outcome
}

const LISTS: u64 = Policy::ALLOW_V4 | Policy::ALLOW_V6;

fn prefix4(octets: [u8; 4], mask: u32) -> [Prefix4; 1] {
    [Prefix4 { network_be: u32::from_ne_bytes(octets), mask_be: mask.to_be() }]
}

#[test]
fn an_allowed_source_is_neither_dropped_nor_a_finding() {
    let net = prefix4([198, 51, 100, 0], 0xffff_ff00);
    let from = |name, socket| allowed(name, socket, &net, &[], LISTS);
    assert_eq!(from("v4_tcp_syn_12", Socket::None), Outcome::Allowed);
    assert_eq!(from("v4_udp_12", Socket::None), Outcome::Allowed);
    assert_eq!(from("v4_udp_12", Socket::Unknown), Outcome::Allowed);
    assert_eq!(from("v4_sctp_init_12", Socket::None), Outcome::Allowed);
    assert_eq!(from("v4_tcp_syn_28_enforced", Socket::None), Outcome::Allowed);
    assert_eq!(from("v4_tcp_syn_81_socket", Socket::None), Outcome::Allowed);
    assert_eq!(from("v6_udp_12", Socket::None), Outcome::Dropped);
    let any = [Prefix6 { network_be: [0; 4], mask_be: [0; 4] }];
    assert_eq!(allowed("v6_udp_12", Socket::None, &[], &any, LISTS), Outcome::Allowed);
}

#[test]
fn a_source_beside_the_allowlist_is_dropped() {
    let net = prefix4([198, 51, 101, 0], 0xffff_ff00);
    assert_eq!(allowed("v4_tcp_syn_12", Socket::None, &net, &[], LISTS), Outcome::Dropped);
}

#[test]
fn replies_and_transit_come_before_the_allowlist() {
    let all = prefix4([0; 4], 0);
    let from = |name, socket| allowed(name, socket, &all, &[], LISTS);
    assert_eq!(from("v4_udp_12", Socket::Connected), Outcome::Reply);
    assert_eq!(from("v4_transit_tcp_syn_12", Socket::None), Outcome::Transit);
}

#[test]
fn a_list_that_is_said_to_be_empty_is_not_looked_at() {
    let all = prefix4([0; 4], 0);
    let under = |allow| allowed("v4_tcp_syn_12", Socket::None, &all, &[], allow);
    assert_eq!(under(0), Outcome::Dropped);
    assert_eq!(under(Policy::ALLOW_V6), Outcome::Dropped);
    assert_eq!(under(Policy::ALLOW_V4), Outcome::Allowed);
}

/// The outcome of a SYN to a port that is to be dropped, and to one that is enforced.
fn behind(gate: Gate, now: u64) -> [Outcome; 2] {
    let mut environment = Environment::new();
    environment.policy.gate = gate;
    ["v4_tcp_syn_12", "v4_tcp_syn_28_enforced"]
        .map(|name| outcome(&environment, name, now, Socket::None))
}

#[test]
fn dropping_ends_at_its_deadline() {
    let gate = Gate { drop_until: 500, bypass: 0 };
    assert_eq!(behind(gate, 499), [Outcome::Dropped; 2]);
    assert_eq!(behind(gate, 500), [Outcome::Probe, Outcome::LocalSocket]);
    assert_eq!(behind(Gate::OPEN, u64::MAX - 1), [Outcome::Dropped; 2]);
    assert_eq!(behind(Gate::SHUT, 0), [Outcome::Probe, Outcome::LocalSocket]);
}

#[test]
fn the_bypass_stops_all_dropping() {
    for bypass in [1, u64::MAX] {
        let gate = Gate { bypass, ..Gate::OPEN };
        assert_eq!(behind(gate, 0), [Outcome::Probe, Outcome::LocalSocket]);
    }
}

/// What is asked of a banned source.
struct Banned {
    environment: Environment,
    ban: Ban,
    allowed: &'static [Prefix4],
}

impl Banned {
    /// In monitor mode.
    fn new() -> Self {
        let mut environment = Environment::new();
        environment.policy.rules.iter_mut().flatten().for_each(|rule| {
            if rule.watches() {
                *rule = Action::Watch.into();
            }
        });
        environment.policy.gate = Gate::SHUT;
        environment.policy.lists = Policy::BANS;
        Self { environment, ban: Ban { until: 1000, ..Ban::default() }, allowed: &[] }
    }

    fn outcome(&self, name: &str, now: u64, lookup: Socket) -> Outcome {
        let frame = named_frame(name);
        let Environment { policy, host } = &self.environment;
        let source = SourceAddress::v4(u32::from_ne_bytes([198, 51, 100, 7]));
        let banned = &[(source, self.ban)];
        let allowed = Allowed { v4: self.allowed, v6: &[] };
        let tables =
            Tables { policy, host, allowed, banned, shuts_out: false, now, lookup: Always(lookup) };
        classify(&frame.bytes.as_slice(), frame.layer, &tables).outcome
    }

    fn of(&self, name: &str) -> Outcome {
        self.outcome(name, 999, Socket::None)
    }
}

#[test]
fn a_banned_source_is_dropped_in_monitor_mode_and_others_are_not() {
    let world = Banned::new();
    for name in ["v4_tcp_syn_12", "v4_udp_12"] {
        assert_eq!(world.of(name), Outcome::Banned, "{name}");
    }
    assert_eq!(world.of("v6_tcp_syn_12"), Outcome::Probe);
    assert_eq!(world.outcome("v4_tcp_syn_12", 1000, Socket::None), Outcome::Probe, "it is over");
}

#[test]
fn a_ban_comes_before_the_policy_and_behind_all_else() {
    let mut world = Banned::new();
    assert_eq!(world.of("v4_transit_tcp_syn_12"), Outcome::Transit);
    assert_eq!(world.of("v4_tcp_syn_81_socket"), Outcome::LocalSocket);
    assert_eq!(world.outcome("v4_udp_12", 0, Socket::Connected), Outcome::Reply);
    assert_eq!(world.outcome("v4_udp_12", 0, Socket::Bound), Outcome::LocalSocket);
    assert_eq!(world.outcome("v4_udp_12", 0, Socket::Unknown), Outcome::Probe);
    world.environment.policy.gate = Gate::OPEN;
    let drop = |enforce| Action::Drop { enforce }.into();
    world.environment.policy.set(Transport::Tcp, 12, drop(false));
    assert_eq!(world.of("v4_tcp_syn_12"), Outcome::Banned);
    world.environment.policy.set(Transport::Tcp, 81, drop(true));
    assert_eq!(world.of("v4_tcp_syn_81_socket"), Outcome::Dropped, "the policy is its reason");
    world.allowed = &[Prefix4 { network_be: 0, mask_be: 0 }];
    world.environment.policy.lists |= Policy::ALLOW_V4;
    assert_eq!(world.of("v4_tcp_syn_12"), Outcome::Allowed);
}

#[test]
fn a_ban_that_nobody_announced_is_not_looked_for() {
    let mut world = Banned::new();
    world.environment.policy.lists = LISTS;
    assert_eq!(world.of("v4_tcp_syn_12"), Outcome::Probe);
}

#[test]
fn the_bypass_stops_bans_too() {
    let mut world = Banned::new();
    world.environment.policy.gate.bypass = 1;
    assert_eq!(world.of("v4_tcp_syn_12"), Outcome::Probe);
}

#[test]
fn what_is_watched_on_its_way_to_others_is_not_dropped_for_a_ban() {
    let mut world = Banned::new();
    let watched = |transit| port12_common::abi::Rule::new(Action::Watch, transit);
    world.environment.policy.set(Transport::Tcp, 12, watched(TransitPolicy::Watch));
    assert_eq!(world.of("v4_transit_tcp_syn_12"), Outcome::Probe);
    world.environment.policy.set(Transport::Tcp, 12, watched(TransitPolicy::Drop));
    assert_eq!(world.of("v4_transit_tcp_syn_12"), Outcome::Banned);
}

#[test]
fn what_goes_to_a_group_is_not_dropped_for_a_ban() {
    let world = Banned::new();
    for group in ["v4_to_multicast_udp_12", "v4_to_broadcast_udp_12"] {
        assert_eq!(world.of(group), Outcome::Probe, "{group}");
    }
}

/// Like `--mode drop`, which spares them unless they are named.
#[test]
fn a_ban_is_of_transports_whose_sockets_can_be_looked_up() {
    let world = Banned::new();
    for name in ["v4_udplite_12", "v4_sctp_init_12", "v4_dccp_request_12"] {
        assert_eq!(world.of(name), Outcome::Probe, "{name}");
    }
}
