//! nf_tables rules, those of iptables-nft included, that take a packet away from the socket that
//! its destination names.
//!
//! Source translation counts as well as destination translation: a reply to a translated port
//! has no socket on that port.

use std::fmt;

use netlink_packet_core::DecodeError;
use netlink_sys::protocols::NETLINK_NETFILTER;

use crate::host::{
    HostError,
    netlink::{Request, Scope, attributes, behind, text},
};

// linux/netfilter/nfnetlink.h and nf_tables.h.
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFT_MSG_GETRULE: u16 = 7;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_HANDLE: u16 = 3;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_TARGET_NAME: u16 = 1;
const NFTA_NAT_TYPE: u16 = 1;

/// `struct nfgenmsg`: a family, a version, an id.
const HEADER: usize = 4;

/// Targets of iptables that do what the statements do.
const TARGETS: [&str; 7] =
    ["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP", "TPROXY", "SYNPROXY"];

/// A rule that translates, redirects or forwards.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// The family of its table: "ip", "ip6", "inet", "bridge", "netdev" or "arp".
    pub family: &'static str,
    /// Its table.
    pub table: String,
    /// Its chain.
    pub chain: String,
    /// Its handle, as `nft --handle list ruleset` shows it.
    pub handle: u64,
    /// What it does: "dnat", "redirect", "tproxy", or the name of an iptables target.
    pub statement: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, table, chain, handle, statement } = self;
        write!(out, "a firewall rule does {statement} ({family} {table} {chain}, handle {handle})")
    }
}

/// Every such rule, of all families. A kernel without nf_tables has none.
pub(super) fn rules() -> Result<Vec<Rule>, HostError> {
    let request = Request {
        protocol: NETLINK_NETFILTER,
        kind: NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE,
        scope: Scope::List,
        payload: &[0; HEADER],
        what: "nf_tables rules",
    };
    match request.ask(read) {
        // nfnetlink calls a request to a subsystem that is not there invalid.
        Err(error) if error.is_unsupported() || error.is_invalid() => Ok(Vec::new()),
        rules => rules,
    }
}

fn read(message: &[u8]) -> Result<Option<Rule>, DecodeError> {
    let mut rule = Rule {
        family: family(message.first().copied().unwrap_or_default()),
        table: String::new(),
        chain: String::new(),
        handle: 0,
        statement: String::new(),
    };
    for attribute in attributes(behind(message, HEADER)?) {
        match attribute? {
            (NFTA_RULE_TABLE, value) => rule.table = text(value),
            (NFTA_RULE_CHAIN, value) => rule.chain = text(value),
            (NFTA_RULE_HANDLE, value) => rule.handle = netlink_packet_core::parse_u64_be(value)?,
            (NFTA_RULE_EXPRESSIONS, value) => {
                rule.statement = statement(value)?.unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok((!rule.statement.is_empty()).then_some(rule))
}

fn family(number: u8) -> &'static str {
    match number {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => "unknown",
    }
}

/// The first expression of a rule that takes the packet elsewhere.
fn statement(expressions: &[u8]) -> Result<Option<String>, DecodeError> {
    for element in attributes(expressions) {
        let (mut name, mut data) = (String::new(), &[][..]);
        for attribute in attributes(element?.1) {
            match attribute? {
                (NFTA_EXPR_NAME, value) => name = text(value),
                (NFTA_EXPR_DATA, value) => data = value,
                _ => {}
            }
        }
        if let Some(statement) = elsewhere(&name, data)? {
            return Ok(Some(statement));
        }
    }
    Ok(None)
}

fn elsewhere(name: &str, data: &[u8]) -> Result<Option<String>, DecodeError> {
    let statement = match name {
        "nat" => match find(data, NFTA_NAT_TYPE)? {
            Some([0, 0, 0, 0]) => "snat",
            _ => "dnat",
        },
        "masq" => "masquerade",
        "redir" => "redirect",
        "tproxy" => "tproxy",
        "fwd" => "fwd",
        "synproxy" => "synproxy",
        "target" => {
            let target = find(data, NFTA_TARGET_NAME)?.map(text).unwrap_or_default();
            return Ok(TARGETS.contains(&target.as_str()).then_some(target));
        }
        _ => return Ok(None),
    };
    Ok(Some(statement.to_owned()))
}

fn find(data: &[u8], wanted: u16) -> Result<Option<&[u8]>, DecodeError> {
    for attribute in attributes(data) {
        let (kind, value) = attribute?;
        if kind == wanted {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
