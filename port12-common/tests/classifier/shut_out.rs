//! Bans of scope `all`: the packets that they drop, and those that they keep.

use port12_common::{
    Allowed, Conclude, Finding, Flow, Frame, Lookup, Membership, NoLookup, Outcome, Shape, Socket,
    Tables, Transport, Verdict,
    abi::{Ban, Gate, HostTable, Policy, Prefix4, SourceAddress},
    classify, classify_common,
};

use crate::support::{
    environment::Environment,
    named::{self, NamedFrame},
};

/// Packets that no ban takes: DHCP, neighbour discovery, ICMP errors.
const EXEMPT: [&str; 6] = [
    "v4_dhcp_discover",
    "v4_dhcp_offer",
    "v6_dhcp_server",
    "v6_nd_solicitation",
    "v4_icmp_unreachable_embeds_tcp_syn_12",
    "v6_icmp_unreachable_embeds_tcp_syn_12",
];

/// Whether it is tagged for a VLAN that is not the host's.
fn is_foreign(name: &str) -> bool {
    name.contains("_foreign_")
}

/// Whether it is a first fragment with its ports, and without its flags: to a port that is not watched it is
/// malformed, which is found behind.
fn is_tiny(name: &str) -> bool {
    name.contains("frag_first_tiny") || name == "v4_frag_first_13_bytes_443"
}

/// A host that has banned every source.
struct Closed<'a, L>(Tables<'a, L>);

impl<L: Lookup> port12_common::Environment for Closed<'_, L> {
    type Ban = ();

    fn state(&self) -> Option<(&Policy, &HostTable)> {
        self.0.state()
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn allows_v4(&self, source_be: u32) -> bool {
        self.0.allows_v4(source_be)
    }

    fn allows_v6(&self, source_be: [u32; 4]) -> bool {
        self.0.allows_v6(source_be)
    }

    fn is_banned(&self, _: SourceAddress, _: u64) -> bool {
        true
    }

    fn shuts_out(&self) -> bool {
        true
    }

    fn ban_of_all(&self, _: SourceAddress, _: u64) -> Option<()> {
        Some(())
    }

    fn count(&self, (): ()) {}

    fn socket(&self, flow: &Flow) -> Socket {
        self.0.socket(flow)
    }

    fn membership<F: Frame>(&self, frame: &F, network: usize) -> Membership {
        self.0.membership(frame, network)
    }
}

/// Nothing is left of what is found but the outcome.
struct Keep;

impl Conclude for Keep {
    type End = Outcome;

    fn length(&self, end: usize) -> usize {
        end
    }

    fn conclude(&self, finding: Finding) -> Outcome {
        finding.outcome
    }
}

/// Every look-up has the same answer.
#[derive(Clone, Copy)]
struct Always(Socket);

impl Lookup for Always {
    fn socket(&self, _: &Flow) -> Socket {
        self.0
    }
}

/// The environment in monitor mode.
fn observing() -> Environment {
    let mut environment = Environment::new();
    environment.policy.gate = Gate::SHUT;
    environment
}

fn closed(environment: &Environment, socket: Socket) -> Closed<'_, Always> {
    let Tables { policy, host, allowed, banned, shuts_out, now, lookup: NoLookup } =
        environment.tables();
    Closed(Tables { policy, host, allowed, banned, shuts_out, now, lookup: Always(socket) })
}

#[test]
fn without_a_connection_only_exempt_and_unreadable_packets_of_a_banned_source_pass() {
    let environment = observing();
    for socket in [Socket::None, Socket::Bound] {
        let world = closed(&environment, socket);
        for frame in named::all() {
            let (name, bytes) = (frame.name, frame.bytes.as_slice());
            let found = classify(&bytes, frame.layer, &world);
            let expected = match frame.expected.outcome {
                outcome if EXEMPT.contains(&name) || is_foreign(name) => outcome,
                Outcome::Malformed if is_tiny(name) => Outcome::Banned,
                outcome @ (Outcome::NotIp
                | Outcome::Malformed
                | Outcome::TooDeep
                | Outcome::Fragment) => outcome,
                _ => Outcome::Banned,
            };
            assert_eq!(found.outcome, expected, "{name}");
            match expected {
                Outcome::TooDeep => assert_eq!(found.verdict(), frame.verdict, "{name}"),
                _ => assert_eq!(found.verdict() == Verdict::Drop, expected == Outcome::Banned),
            }
            let shorter = classify_common(&bytes, frame.layer, &world, &Keep);
            assert_eq!(shorter, None, "{name}: nothing goes past the look-up");
        }
    }
}

/// Whether it is a SYN without ACK and RST, with whatever other flags.
fn is_bare_syn(name: &str, shape: Option<Shape>) -> bool {
    const DRESSED: [&str; 4] = [
        "v4_tcp_syn_fin_12",
        "v4_tcp_syn_psh_12",
        "v4_tcp_syn_urg_12",
        "v4_tcp_every_start_flag_12",
    ];
    shape == Some(Shape::TcpSyn) || DRESSED.contains(&name)
}

#[test]
fn packets_of_a_connection_keep_their_ordinary_outcome_except_a_bare_syn() {
    let environment = observing();
    for socket in [Socket::Connected, Socket::Unknown] {
        let world = closed(&environment, socket);
        let mut kept = [0; 2];
        for frame in named::all() {
            let (name, bytes) = (frame.name, frame.bytes.as_slice());
            let tables = &world.0;
            let ordinary = classify(&bytes, frame.layer, tables);
            let Some(transport @ (Transport::Tcp | Transport::Udp)) = ordinary.transport else {
                continue;
            };
            let found = classify(&bytes, frame.layer, &world).outcome;
            if transport == Transport::Tcp && is_bare_syn(name, ordinary.shape) && !is_foreign(name)
            {
                assert_eq!(found, Outcome::Banned, "{name}");
            } else {
                assert_eq!(found, ordinary.outcome, "{name}");
                kept[usize::from(transport == Transport::Udp)] += 1;
            }
        }
        assert!(kept[0] > 10 && kept[1] > 10, "{kept:?}");
    }
}

#[test]
fn a_look_up_that_proves_nothing_cuts_no_connection() {
    let mut environment = observing();
    environment.host.sockets.lookup_proves = 0;
    for socket in [Socket::None, Socket::Bound] {
        let world = closed(&environment, socket);
        let of = |name: &str| {
            let frame = named::all().into_iter().find(|frame| frame.name == name).expect(name);
            classify(&frame.bytes.as_slice(), frame.layer, &world).outcome
        };
        assert_eq!(of("v4_tcp_ack_443"), Outcome::Assigned);
        assert_eq!(of("v4_udp_1024"), Outcome::HighPort);
        assert_eq!(of("v4_tcp_syn_443"), Outcome::Banned);
        assert_eq!(of("v4_sctp_init_22"), Outcome::Banned);
        assert_eq!(of("v4_icmp_echo"), Outcome::Banned);
    }
}

/// What becomes of a frame from 198.51.100.7, which is banned.
fn outcome(
    environment: &Environment,
    ban: Ban,
    name: &str,
    change: impl FnOnce(&mut Tables<'_, NoLookup>),
) -> Outcome {
    let frame = named::all().into_iter().find(|frame: &NamedFrame| frame.name == name);
    let frame = frame.expect("a frame of the table");
    let source = SourceAddress::v4(u32::from_ne_bytes([198, 51, 100, 7]));
    let banned = [(source, ban)];
    let mut tables = Tables { banned: &banned, shuts_out: true, ..environment.tables() };
    change(&mut tables);
    classify(&frame.bytes.as_slice(), frame.layer, &tables).outcome
}

#[test]
fn a_ban_shuts_out_while_it_holds_and_where_its_scope_says_so() {
    let mut environment = Environment::new();
    environment.policy.lists = Policy::BANS;
    let all = Ban { until: 1001, scope: Ban::ALL, ..Ban::default() };
    let of = |ban| outcome(&environment, ban, "v4_tcp_syn_443", |_| {});
    assert_eq!(of(all), Outcome::Banned);
    assert_eq!(of(Ban { until: 1000, ..all }), Outcome::Assigned, "it is over");
    assert_eq!(of(Ban { scope: Ban::UNASSIGNED, ..all }), Outcome::Assigned);
    let of =
        |name, shuts_out| outcome(&environment, all, name, |tables| tables.shuts_out = shuts_out);
    assert_eq!(of("v6_tcp_syn_443", true), Outcome::Assigned, "another source");
    assert_eq!(of("v4_tcp_syn_443", false), Outcome::Assigned, "nobody looks for it");
    assert_eq!(of("v4_tcp_syn_12", false), Outcome::Banned, "it is one of probes at least");
}

#[test]
fn the_bypass_the_allowlist_and_an_empty_list_go_before() {
    const LIST: &[Prefix4] = &[Prefix4 { network_be: 0, mask_be: 0 }];
    let all = Ban { until: 2000, scope: Ban::ALL, ..Ban::default() };
    let mut environment = Environment::new();
    let of = |environment: &Environment| {
        let allowed = Allowed { v4: LIST, v6: &[] };
        outcome(environment, all, "v4_tcp_syn_443", |tables| tables.allowed = allowed)
    };
    environment.policy.lists = Policy::BANS;
    assert_eq!(of(&environment), Outcome::Banned, "the allowlist is not announced");
    environment.policy.lists |= Policy::ALLOW_V4;
    assert_eq!(of(&environment), Outcome::Assigned);
    environment.policy.lists = 0;
    assert_eq!(of(&environment), Outcome::Assigned);
    environment.policy.lists = Policy::BANS;
    environment.policy.gate.bypass = 1;
    assert_eq!(of(&environment), Outcome::Assigned);
}
