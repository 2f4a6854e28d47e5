use super::{rule::*, *};
use crate::host::netlink::push_attribute;

fn nest(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut nested = Vec::new();
    for (kind, value) in attributes {
        push_attribute(&mut nested, *kind, value);
    }
    nested
}

/// A rule of the family ip with one expression.
fn rule(name: &str, data: &[u8]) -> Vec<u8> {
    let name = [name.as_bytes(), &[0]].concat();
    let expression = nest(&[(NFTA_EXPR_NAME, &name), (NFTA_EXPR_DATA, data)]);
    let mut message = vec![2, 0, 0, 0];
    message.extend(nest(&[
        (NFTA_RULE_TABLE, b"nat\0"),
        (NFTA_RULE_CHAIN, b"PREROUTING\0"),
        (NFTA_RULE_HANDLE, &5_u64.to_be_bytes()),
        (NFTA_RULE_EXPRESSIONS, &nest(&[(1, &expression)])),
    ]));
    message
}

fn shown(message: &[u8]) -> Option<String> {
    read(message).unwrap().map(|rule| rule.to_string())
}

#[test]
fn a_target_of_iptables_is_known_by_its_name() {
    let data = nest(&[(NFTA_TARGET_NAME, b"DNAT\0"), (2, &1_u32.to_be_bytes())]);
    assert_eq!(
        shown(&rule("target", &data)).unwrap(),
        "a firewall rule does DNAT (ip nat PREROUTING, handle 5)"
    );
    let log = nest(&[(NFTA_TARGET_NAME, b"LOG\0")]);
    assert_eq!(shown(&rule("target", &log)), None);
}

#[test]
fn both_directions_of_translation_count() {
    for (kind, name) in [(0_u32, "snat"), (1, "dnat")] {
        let data = nest(&[(NFTA_NAT_TYPE, &kind.to_be_bytes())]);
        assert!(shown(&rule("nat", &data)).unwrap().contains(name));
    }
}

#[test]
fn a_rule_that_counts_or_accepts_is_no_reason() {
    assert_eq!(shown(&rule("counter", &[])), None);
    assert_eq!(shown(&rule("immediate", &[])), None);
}

#[test]
fn a_garbled_rule_is_an_error() {
    let mut message = rule("nat", &[]);
    message.truncate(message.len() - 3);
    assert!(read(&message).is_err());
}
