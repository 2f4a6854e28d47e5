//! What holds for every frame, policy and host.

use proptest::prelude::*;

use port12_common::{
    Allowed, Conclude, Finding, Flow, Inspection, Layer, Lookup, Outcome, Socket, Tables,
    Transport, Verdict,
    abi::{Action, Ban, Evidence, Gate, HostTable, Policy, Prefix4, Prefix6, Rule, SourceAddress},
    classify, classify_common, departure, departure_common,
};

use crate::support::{environment, named};

/// A namespace in which every look-up has the same answer.
#[derive(Clone, Copy, Debug)]
struct Always(Socket);

impl Lookup for Always {
    fn socket(&self, _: &Flow) -> Socket {
        self.0
    }
}

/// A host and a policy that treat every port alike.
#[derive(Clone, Copy, Debug)]
struct World {
    rule: Rule,
    gate: Gate,
    lists: u64,
    /// Up to when the sources of the named frames are banned.
    banned_until: u64,
    lookup_proves: u64,
    valid_until: u64,
    listed: bool,
    known: u64,
    lookup: Socket,
}

/// The finding itself.
struct Keep;

impl Conclude for Keep {
    type End = Finding;

    fn length(&self, end: usize) -> usize {
        end
    }

    fn conclude(&self, finding: Finding) -> Finding {
        finding
    }
}

impl World {
    fn classify(&self, bytes: &[u8], layer: Layer) -> Finding {
        self.with(|tables| classify(&bytes, layer, tables))
    }

    fn classify_common(&self, bytes: &[u8], layer: Layer) -> Option<Finding> {
        self.with(|tables| classify_common(&bytes, layer, tables, &Keep))
    }

    /// The weight of a probe as evidence for a ban.
    fn weight(&self, found: &Finding, bytes: &[u8]) -> u64 {
        self.with(|tables| found.inspection.weight(&bytes, tables.host, tables.now))
    }

    fn with<T>(&self, act: impl FnOnce(&Tables<'_, Always>) -> T) -> T {
        let mut policy = Box::new(Policy::EMPTY);
        policy.gate = self.gate;
        policy.lists = self.lists;
        policy.rules = [[self.rule; 1024]; 5];
        let mut host = Box::new(HostTable::UNKNOWN);
        host.sockets.valid_until = self.valid_until;
        host.sockets.lookup_proves = self.lookup_proves;
        host.sockets.listed = [[self.listed.into(); 1024]; 5];
        host.local[0] = environment::host().local[0];
        host.local[0].known = self.known;
        let lookup = Always(self.lookup);
        let all = Allowed { v4: &[Prefix4::default()], v6: &[Prefix6::default()] };
        let ban = Ban { until: self.banned_until, ..Ban::default() };
        let banned = sources().map(|source| (source, ban));
        let tables = Tables {
            policy: &policy,
            host: &host,
            allowed: all,
            banned: &banned,
            shuts_out: false,
            now: 1,
            lookup,
        };
        act(&tables)
    }

    /// Whether the policy lets anything be dropped at all.
    fn may_drop(&self) -> bool {
        let gate = self.gate.bypass == 0 && self.gate.drop_until > 1;
        gate && matches!(self.rule.action(), Action::Drop { .. })
    }

    fn is_enforced(&self) -> bool {
        self.rule.action() == Action::Drop { enforce: true }
    }
}

/// Where the named frames of conversation starts come from.
fn sources() -> [SourceAddress; 2] {
    let v6 = "2001:db8::7".parse().expect("an address");
    [
        SourceAddress::v4(u32::from_ne_bytes([198, 51, 100, 7])),
        SourceAddress::v6(environment::words(v6)),
    ]
}

/// 0 in three of four.
fn seldom(upper: u64) -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 1 => 0..upper]
}

/// The rules that there are, and any byte.
fn rules() -> impl Strategy<Value = u8> {
    prop_oneof![3 => (1u8..6, 0u8..3).prop_map(|(action, transit)| action | transit << 3), 1 => any::<u8>()]
}

// Nothing out of the ordinary is in force in most: else few frames would take the shorter way.
prop_compose! {
    fn worlds()(
        rule in rules(),
        (drop_until, bypass) in (0u64..4, seldom(2)),
        (lists, banned_until) in (seldom(8), 0u64..3),
        lookup_proves in 0u64..2,
        valid_until in 0u64..3,
        listed in prop::bool::weighted(0.25),
        known in 0u64..2,
        lookup in prop::sample::select(vec![
            Socket::None, Socket::Bound, Socket::Connected, Socket::Unknown,
        ]),
    ) -> World {
        World { rule: Rule::from_byte(rule), gate: Gate { drop_until, bypass }, lists: (lists & 3) | ((lists >> 2) * Policy::BANS), banned_until, lookup_proves, valid_until, listed, known, lookup }
    }
}

fn layers() -> impl Strategy<Value = Layer> {
    prop::sample::select(vec![Layer::Ethernet, Layer::Ip])
}

fn random() -> impl Strategy<Value = (Layer, Vec<u8>)> {
    (layers(), prop::collection::vec(any::<u8>(), 0..128))
}

/// A named frame that some text is part of the name of, with a few bytes overwritten and, every other
/// time, its end missing.
fn mutated(text: &str) -> impl Strategy<Value = (Layer, Vec<u8>)> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let length = prop::option::of(any::<prop::sample::Index>());
    let mut frames = named::all();
    frames.retain(|frame| frame.name.contains(text));
    (prop::sample::select(frames), edits, length).prop_map(|(frame, edits, length)| {
        let mut bytes = frame.bytes;
        if let Some(length) = length {
            bytes.truncate(length.index(bytes.len() + 1));
        }
        for (at, value) in edits {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        (frame.layer, bytes)
    })
}

fn frames() -> impl Strategy<Value = (Layer, Vec<u8>)> {
    prop_oneof![1 => random(), 4 => mutated(""), 2 => mutated("_tcp_syn_")]
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 20 } else { 2000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The shorter way leads to probes of full weight alone, and names no headers.
fn without_inspection(found: Finding) -> Finding {
    Finding { inspection: Inspection::NONE, ..found }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_shorter_way_finds_what_the_long_one_does(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        if let Some(found) = world.classify_common(&bytes, layer) {
            let long = world.classify(&bytes, layer);
            prop_assert_eq!(world.weight(&found, &bytes), world.weight(&long, &bytes));
            prop_assert_eq!(found, without_inspection(long));
        }
    }

    /// One notion of what starts a conversation, on the way in and on the way out.
    #[test]
    fn a_departure_is_what_would_be_a_probe_of_a_host_that_takes_everything_in(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let open = World { gate: Gate::SHUT, lists: 0, valid_until: 1, listed: false, known: 0, lookup: Socket::None, ..world };
        let found = open.classify(&bytes, layer);
        let rule = |_, _| world.rule;
        let departs = departure(&bytes.as_slice(), layer, rule);
        prop_assert_eq!(departs.err(), found.reason.filter(|_| departs.is_err()));
        let departs = departs.ok().flatten();
        prop_assert_eq!(departs.is_some(), found.outcome == Outcome::Probe);
        if let Some(departs) = departs {
            prop_assert_eq!(Some(departs.transport), found.transport);
            prop_assert_eq!(Some(departs.shape), found.shape);
            prop_assert_eq!((departs.source, departs.source_port), (found.source, found.source_port));
            prop_assert_eq!(departs.port, found.port);
        }
        if let Some(common) = departure_common(&bytes.as_slice(), layer, rule) {
            prop_assert_eq!(common, departs);
        }
    }

    #[test]
    fn a_frame_is_malformed_if_and_only_if_there_is_a_reason(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        prop_assert_eq!(found.outcome == Outcome::Malformed, found.reason.is_some());
    }

    #[test]
    fn only_dropped_banned_and_too_deep_frames_have_the_verdict_drop(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        let is_dropped = found.depth.is_some_and(|depth| depth.is_dropped);
        let drops = is_dropped || matches!(found.outcome, Outcome::Dropped | Outcome::Banned);
        prop_assert_eq!(found.verdict() == Verdict::Drop, drops);
        prop_assert_eq!(found.outcome == Outcome::TooDeep, found.depth.is_some());
    }
    #[test]
    fn only_a_conversation_start_under_policy_drop_is_dropped(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        if found.outcome.verdict() == Verdict::Drop {
            prop_assert!(world.may_drop() || found.outcome == Outcome::Banned);
            prop_assert!(found.shape.is_some());
            prop_assert!(found.transport.is_some());
            prop_assert!(found.port < 1024);
        }
    }

    #[test]
    fn nothing_is_dropped_without_proof_that_no_socket_wants_it(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let outcome = world.classify(&bytes, layer).outcome;
        let is_enforced = outcome == Outcome::Dropped && world.is_enforced();
        if outcome.verdict() == Verdict::Drop && !is_enforced {
            let is_fresh = world.valid_until >= 1;
            let looked_up = world.lookup == Socket::None && world.lookup_proves == 1;
            prop_assert!(!world.listed);
            prop_assert!(is_fresh || looked_up);
            let is_udp = world.classify(&bytes, layer).transport == Some(Transport::Udp);
            prop_assert!(looked_up || !is_udp);
        }
    }

    #[test]
    fn only_what_a_drop_that_is_not_enforced_would_take_is_banned(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        if world.classify(&bytes, layer).outcome == Outcome::Banned {
            prop_assert!(world.lists & Policy::BANS != 0);
            prop_assert!(world.banned_until > 1);
            prop_assert_eq!(world.gate.bypass, 0);
            // Of the same frame, nothing but a policy that drops would be different without the ban.
            let dropping = World {
                rule: Rule::new(Action::Drop { enforce: false }, world.rule.transit()),
                gate: Gate::OPEN,
                lists: world.lists & !Policy::BANS,
                ..world
            };
            prop_assert_eq!(dropping.classify(&bytes, layer).outcome, Outcome::Dropped);
        }
    }

    #[test]
    fn a_frame_without_a_transport_has_no_ports(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        if found.transport.is_none() {
            prop_assert_eq!((found.source_port, found.port, found.shape), (0, 0, None));
        }
        let stopped = matches!(
            found.outcome,
            Outcome::NotIp
                | Outcome::Malformed
                | Outcome::TooDeep
                | Outcome::Fragment
                | Outcome::OtherTransport,
        );
        prop_assert_eq!(stopped, found.transport.is_none());
    }

    #[test]
    fn what_stands_behind_a_high_port_is_never_asked(
        (layer, bytes) in frames(), world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        if found.transport.is_some() {
            prop_assert_eq!(found.outcome == Outcome::HighPort, found.port > 1023);
        }
    }

    #[test]
    fn bytes_behind_the_end_of_the_packet_change_nothing(
        (layer, bytes) in frames(),
        padding in prop::collection::vec(any::<u8>(), 0..40),
        world in worlds(),
    ) {
        let found = world.classify(&bytes, layer);
        if found.length <= bytes.len() {
            let padded = [bytes, padding].concat();
            prop_assert_eq!(world.classify(&padded, layer), found);
        }
    }
}

/// A way that is never taken would agree with everything.
#[test]
fn most_named_frames_without_options_take_the_shorter_way() {
    let world = World {
        rule: Action::Watch.into(),
        gate: Gate::OPEN,
        lists: 0,
        banned_until: 0,
        lookup_proves: 1,
        valid_until: 1,
        listed: false,
        known: 1,
        lookup: Socket::None,
    };
    let takes = |name: &str| {
        let frame = named::all().into_iter().find(|frame| frame.name == name).expect(name);
        world.classify_common(&frame.bytes, frame.layer).is_some()
    };
    for version in ["v4", "v6"] {
        assert!(takes(&format!("{version}_tcp_syn_12")));
    }
    assert!(!takes("v4_udp_12"), "a socket is looked up");
}

#[test]
fn a_departure_has_both_its_ends() {
    for (name, source, destination) in [
        ("v4_tcp_syn_12", "198.51.100.7", environment::ADDRESS_V4.to_string()),
        ("v6_udp_12", "2001:db8::7", environment::ADDRESS_V6.to_string()),
    ] {
        let frame = named::all().into_iter().find(|frame| frame.name == name).expect(name);
        let rule = |_, _| Action::Watch.into();
        let found = departure_common(&frame.bytes.as_slice(), frame.layer, rule);
        let found = found.flatten().expect(name);
        assert_eq!(found.source.address().to_string(), source);
        assert_eq!(found.destination.address().to_string(), destination);
    }
}

/// Linux takes 240.0.0.0/4 for addresses like others.
#[test]
fn an_address_of_the_host_above_multicast_is_no_group_on_either_way() {
    let frames = named::all();
    let frame = frames.iter().find(|frame| frame.name == "v4_tcp_syn_12").expect("it is named");
    let mut host = environment::host();
    let address = u32::from_ne_bytes([240, 1, 2, 3]);
    let bucket = host.local[0].bucket_v4(address);
    host.local[0].v4_be[bucket][1] = address;
    let mut bytes = frame.bytes.clone();
    bytes[30..34].copy_from_slice(&[240, 1, 2, 3]);
    let policy = environment::policy();
    let lookup = Always(Socket::None);
    let tables = Tables {
        policy: &policy,
        host: &host,
        allowed: Allowed::default(),
        banned: &[],
        shuts_out: false,
        now: 1,
        lookup,
    };
    let long = classify(&bytes.as_slice(), frame.layer, &tables);
    let short = classify_common(&bytes.as_slice(), frame.layer, &tables, &Keep);
    assert_eq!(long.outcome, Outcome::Dropped);
    let weight = |found: Finding| found.inspection.weight(&bytes.as_slice(), &host, 1);
    assert_eq!((weight(long), short.map(weight)), (Evidence::PROBE, Some(Evidence::PROBE)));
    assert_eq!(short, Some(without_inspection(long)));
}
