//! Conditions under which a packet with too many headers is dropped.

use port12_common::{
    Allowed, Finding, NoLookup, Outcome, Tables, TooDeep, Verdict,
    abi::{Action, Ban, Gate, Policy, Prefix6, SourceAddress, TransitPolicy},
    classify,
};

use crate::support::{
    environment::{Environment, policy_with, words},
    named,
};

/// Frames for the host, with too many headers.
const FRAMES: [(&str, TooDeep); 2] = [
    ("vlan5_priority_too_deep", TooDeep::VlanTags),
    ("v6_13_extensions_too_deep", TooDeep::ExtensionHeaders),
];

const EVERY_SOURCE: &[Prefix6] = &[Prefix6 { network_be: [0; 4], mask_be: [0; 4] }];

fn find(
    environment: &Environment,
    name: &str,
    change: impl FnOnce(&mut Tables<'_, NoLookup>),
) -> Finding {
    let frame = named::all().into_iter().find(|frame| frame.name == name).expect(name);
    let mut tables = environment.tables();
    change(&mut tables);
    let found = classify(&frame.bytes.as_slice(), frame.layer, &tables);
    assert_eq!(found.outcome, Outcome::TooDeep, "{name}");
    found
}

/// Verdicts on both frames.
fn verdicts(environment: &Environment) -> [Verdict; 2] {
    FRAMES.map(|(name, reason)| {
        let found = find(environment, name, |_| ());
        assert_eq!(found.depth.map(|depth| depth.reason), Some(reason), "{name}");
        found.verdict()
    })
}

fn changed(change: impl FnOnce(&mut Environment)) -> [Verdict; 2] {
    let mut environment = Environment::new();
    change(&mut environment);
    verdicts(&environment)
}

const BOTH_DROP: [Verdict; 2] = [Verdict::Drop; 2];
const BOTH_PASS: [Verdict; 2] = [Verdict::Pass; 2];

#[test]
fn a_rule_that_drops_drops_what_is_too_deep_while_the_gate_is_open() {
    assert_eq!(changed(|_| ()), BOTH_DROP);
    assert_eq!(changed(|it| it.policy.gate = Gate::SHUT), BOTH_PASS);
    // The clock stands at 1000 jiffies.
    assert_eq!(changed(|it| it.policy.gate.drop_until = 1001), BOTH_DROP);
    assert_eq!(changed(|it| it.policy.gate.drop_until = 1000), BOTH_PASS);
    assert_eq!(changed(|it| it.policy.gate.bypass = 1), BOTH_PASS);
}

#[test]
fn the_policy_passes_what_is_too_deep_by_a_key_or_if_it_drops_nothing() {
    assert_eq!(changed(|it| it.policy.too_deep |= Policy::PASS_TOO_DEEP), BOTH_PASS);
    let mut policy = policy_with(TransitPolicy::Pass);
    policy.rules.iter_mut().flatten().for_each(|rule| *rule = Action::Watch.into());
    policy.too_deep = Policy::too_deep_by(&policy.rules, false);
    assert_eq!(verdicts(&Environment { policy, ..Environment::new() }), BOTH_PASS);
    let mut policy = Box::new(Policy { gate: Gate::OPEN, ..Policy::EMPTY });
    policy.rules[0][12] = Action::Drop { enforce: true }.into();
    policy.too_deep = Policy::too_deep_by(&policy.rules, false);
    assert_eq!(verdicts(&Environment { policy, ..Environment::new() }), BOTH_DROP);
}

#[test]
fn an_unknown_destination_passes() {
    assert_eq!(changed(|it| it.host.macs = [0; 16]), [Verdict::Pass, Verdict::Drop]);
    assert_eq!(changed(|it| it.host.local[0].known = 0), [Verdict::Drop, Verdict::Pass]);
}

#[test]
fn every_mac_address_of_the_table_is_the_hosts() {
    let own = Environment::new().host.macs[0];
    for element in 0..16 {
        let verdicts = changed(|it| {
            it.host.macs = [1 << 48 | 7; 16];
            it.host.macs[element] = own;
        });
        assert_eq!(verdicts, BOTH_DROP, "element {element}");
    }
}

#[test]
fn the_allowlist_lets_a_packet_pass_whose_address_was_read() {
    let mut environment = Environment::new();
    environment.policy.lists = Policy::ALLOW_V6;
    let allowed = Allowed { v4: &[], v6: EVERY_SOURCE };
    let [tags, extensions] =
        FRAMES.map(|(name, _)| find(&environment, name, |it| it.allowed = allowed).verdict());
    assert_eq!([tags, extensions], [Verdict::Drop, Verdict::Pass]);
}

#[test]
fn a_ban_of_scope_all_drops_tags_of_anybody_and_extension_headers_of_its_source() {
    let source = |text: &str| SourceAddress::v6(words(text.parse().expect("an address")));
    let all = Ban { until: 2000, scope: Ban::ALL, ..Ban::default() };
    let of = |source, change: fn(&mut Policy)| {
        let mut environment = Environment::new();
        environment.policy.gate = Gate::SHUT;
        environment.policy.lists = Policy::BANS | Policy::ALLOW_V6;
        change(&mut environment.policy);
        FRAMES.map(|(name, _)| {
            let banned = [(source, all)];
            let frame = named::all().into_iter().find(|frame| frame.name == name).expect(name);
            let tables = Tables { banned: &banned, shuts_out: true, ..environment.tables() };
            classify(&frame.bytes.as_slice(), frame.layer, &tables).verdict()
        })
    };
    let nothing: fn(&mut Policy) = |_| ();
    assert_eq!(of(source("2001:db8::7"), nothing), BOTH_DROP);
    assert_eq!(of(source("2001:db8::8"), nothing), [Verdict::Drop, Verdict::Pass]);
    assert_eq!(of(source("2001:db8::7"), |it| it.gate.bypass = 1), BOTH_PASS);
    assert_eq!(of(source("2001:db8::7"), |it| it.too_deep = Policy::PASS_TOO_DEEP), BOTH_PASS);
}
