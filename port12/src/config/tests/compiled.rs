//! Policy as the kernel receives it.

use port12_common::{
    Transport::{self, Dccp, Sctp, Tcp, Udp, UdpLite},
    abi::{Action, Gate, Policy, TransitPolicy},
};

use super::config;
use crate::{
    config::{Compiled, Config, Layer},
    policy::{Mode, policy},
    registry::Registry,
};

const DROP: Action = Action::Drop { enforce: false };

fn compiled(text: &str) -> Compiled {
    config(text).compile(Registry::embedded())
}

fn actions(compiled: &Compiled, port: u16) -> [Action; 5] {
    Transport::ALL.map(|transport| compiled.policy.rule(transport, port).action())
}

fn rule(ports: &str, action: &str) -> String {
    format!("[[port]]\nports = {ports}\naction = \"{action}\"\n")
}

#[test]
fn without_a_file_the_policy_is_that_of_the_mode_and_the_registry() {
    let registry = Registry::embedded();
    let compiled = Config::of(None, Layer::default()).compile(registry);
    let plain = policy(&registry.bits(), Mode::Monitor, TransitPolicy::Pass);
    assert!(compiled.policy.rules == plain.rules && compiled.policy.gate == plain.gate);
    assert!(compiled.warnings.is_empty() && compiled.expected.is_empty());
}

#[test]
fn a_range_never_covers_a_port_that_is_not_watched() {
    let text = format!("mode = \"drop\"\n{}", rule("\"0-1023\"", "drop"));
    let dropping = compiled(&text);
    for transport in Transport::ALL {
        let watched = Registry::embedded().watched(transport);
        for port in 0..1024 {
            let action = dropping.policy.rule(transport, port).action();
            assert_eq!(action == Action::Assigned, !watched.contains(port), "{port}/{transport}");
        }
    }
    assert!(dropping.warnings.is_empty(), "{:?}", dropping.warnings);
}

#[test]
fn a_named_port_that_is_not_watched_is_warned_of() {
    let text = format!("mode = \"drop\"\n{}", rule("[12, \"22/tcp\"]", "drop"));
    let warned = compiled(&text);
    assert_eq!(actions(&warned, 22), [Action::Assigned; 5]);
    let [warning] = &warned.warnings[..] else { panic!("{:?}", warned.warnings) };
    assert!(warning.starts_with("/p/port12.toml: line 2: port[0].ports: 22/tcp is not watched"));
    assert!(warning.contains("`extra = [\"22/tcp\"]`"), "{warning}");
    let extra = compiled(&format!("extra = [\"22/tcp\"]\n{text}"));
    assert!(extra.warnings.is_empty());
    assert_eq!(actions(&extra, 22)[0], DROP);
    assert_eq!(actions(&extra, 22)[1], Action::Assigned);
}

#[test]
fn a_drop_without_a_transport_is_for_tcp_and_udp() {
    let text = format!("mode = \"drop\"\n{}{}", rule("\"0-1023\"", "ignore"), rule("12", "drop"));
    let ignored = Action::Ignore;
    assert_eq!(actions(&compiled(&text), 12), [DROP, DROP, ignored, ignored, ignored]);
    assert_eq!(actions(&compiled(&text), 14), [ignored; 5]);
}

#[test]
fn other_transports_are_dropped_where_they_are_named() {
    for (name, transport) in [("sctp", Sctp), ("dccp", Dccp), ("udplite", UdpLite)] {
        let text = format!("mode = \"drop\"\n{}", rule(&format!("\"12/{name}\""), "drop"));
        assert_eq!(compiled(&text).policy.rule(transport, 12).action(), DROP);
    }
    let watched = [DROP, DROP, Action::Watch, Action::Watch, Action::Watch];
    assert_eq!(actions(&compiled("mode = \"drop\""), 12), watched);
}

#[test]
fn of_rules_that_overlap_the_later_one_wins_key_by_key() {
    let text = format!(
        "mode = \"drop\"\n{}enforce = true\nexpected = true\n{}{}",
        rule("12", "drop"),
        rule("\"12/tcp\"", "drop"),
        rule("\"10-20/udp\"", "watch"),
    );
    let later = compiled(&text);
    assert_eq!(actions(&later, 12)[..2], [DROP, Action::Watch]);
    assert!(later.expected.contains(&(Tcp, 12)) && later.expected.contains(&(Udp, 12)));
    let text = format!("{text}[[port]]\nports = 12\nexpected = false");
    assert!(compiled(&text).expected.is_empty());
}

#[test]
fn only_the_port_that_is_enforced_is_dropped_from_its_socket() {
    let text = format!("mode = \"drop\"\n{}enforce = true", rule("\"12/tcp\"", "drop"));
    let policy = compiled(&text).policy;
    let enforced = |transport| {
        (0..1024)
            .filter(|port| policy.rule(transport, *port).action() == Action::Drop { enforce: true })
            .collect::<Vec<_>>()
    };
    assert_eq!(enforced(Tcp), [12]);
    assert!(enforced(Udp).is_empty());
}

#[test]
fn monitor_mode_drops_nothing_and_warns_of_rules_that_would() {
    let text = rule("12", "drop");
    let watching = compiled(&text);
    assert_eq!(actions(&watching, 12), [Action::Watch; 5]);
    assert_eq!(watching.policy.gate, Gate::SHUT);
    let [warning] = &watching.warnings[..] else { panic!("{:?}", watching.warnings) };
    assert!(warning.contains("line 1: port[0].action: nothing is dropped"), "{warning}");
    let dropping = config(&format!("mode = \"drop\"\n{text}"));
    assert_eq!(dropping.compile(Registry::embedded()).policy.gate, Gate::OPEN);
    let given_up = dropping.compile_as(Mode::Monitor, Registry::embedded());
    assert_eq!(actions(&given_up, 12), [Action::Watch; 5]);
    assert!(given_up.policy.gate == Gate::SHUT && given_up.warnings.is_empty());
}

#[test]
fn reserved_and_extra_ports_are_watched_where_they_are_asked_for() {
    assert_eq!(actions(&compiled(""), 0), [Action::Assigned; 5]);
    assert_eq!(actions(&compiled("include_reserved = true"), 0), [Action::Watch; 5]);
    assert_eq!(actions(&compiled("extra = [80]"), 80), [Action::Watch; 5]);
    assert_eq!(actions(&compiled("extra = [\"79-81/tcp\"]"), 80)[1], Action::Assigned);
    assert_eq!(actions(&compiled("include_reserved = true"), 80), [Action::Assigned; 5]);
}

#[test]
fn transit_is_in_every_rule_and_allowlists_are_known_by_family() {
    let text = format!("transit = \"watch\"\nallow = [\"::1\"]\n{}", rule("12", "ignore"));
    let policy = compiled(&text).policy;
    for port in [12, 14] {
        assert_eq!(policy.rule(Tcp, port).transit(), TransitPolicy::Watch);
    }
    assert_eq!(policy.lists, Policy::ALLOW_V6);
}

#[test]
fn a_scope_that_the_program_does_not_ban_with_is_warned_of() {
    let all = compiled("[ban]\nafter = 20\nscope = \"all\"");
    let [warning] = &all.warnings[..] else { panic!("{:?}", all.warnings) };
    assert!(warning.contains("bans with scope \"unassigned\" by itself"), "{warning}");
    assert!(compiled("[ban]\nscope = \"all\"").warnings.is_empty(), "it is the operator's");
    assert!(compiled("[ban]\nafter = 20").warnings.is_empty());
}
