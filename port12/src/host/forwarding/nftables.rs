//! nf_tables rules, those of iptables-nft included, that send a packet to another socket or host than its
//! header says.

mod chains;
mod rule;

use std::fmt;

use netlink_packet_core::DecodeError;
use netlink_sys::protocols::NETLINK_NETFILTER;

use crate::host::{
    HostError,
    netlink::{Request, Scope, attributes, behind, text},
};
use chains::Chain;

// linux/netfilter/nfnetlink.h and nf_tables.h.
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFT_MSG_GETRULE: u16 = 7;
const NFT_MSG_GETGEN: u16 = 16;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_HANDLE: u16 = 3;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_GEN_ID: u16 = 1;

/// `struct nfgenmsg`: a family, a version, an id.
const HEADER: usize = 4;

/// A rule that translates, rewrites, redirects, copies or forwards.
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
    /// Action: "dnat", "redirect", "rewriting of ports", or the name of an iptables target.
    pub statement: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, table, chain, handle, statement } = self;
        write!(out, "a firewall rule does {statement} ({family} {table} {chain}, handle {handle})")
    }
}

/// The rules of a network namespace that count, as they were read last.
#[derive(Debug, Default)]
pub(super) struct Ruleset {
    /// Number of the transaction before which they were read; `None` before the first reading.
    generation: Option<u32>,
    rules: Vec<Rule>,
    /// Base chains of single devices.
    chains: Vec<Chain>,
}

impl Ruleset {
    /// Reads the rules, of all families, if a transaction has changed them. A kernel without nf_tables has
    /// none.
    pub(super) fn refresh(&mut self) -> Result<(), HostError> {
        let generation = generation()?;
        if generation.is_some() && generation == self.generation {
            return Ok(());
        }
        self.generation = None;
        self.rules = or_none(list(NFT_MSG_GETRULE, "nf_tables rules", read))?;
        let is_of_devices = |rule: &Rule| matches!(rule.family, "netdev" | "inet");
        self.chains = match self.rules.iter().any(is_of_devices) {
            true => chains::of_devices()?,
            false => Vec::new(),
        };
        self.generation = generation;
        Ok(())
    }

    /// The rules that count for frames of some interfaces.
    pub(super) fn of<'a>(&'a self, interfaces: &'a [&str]) -> impl Iterator<Item = &'a Rule> {
        let is_elsewhere = |rule: &Rule| {
            let mut chains = self.chains.iter();
            chains.any(|chain| chain.has(rule) && !chain.sees_any(interfaces))
        };
        self.rules.iter().filter(move |rule| !is_elsewhere(rule))
    }
}

/// The number of the last transaction; `None` without nf_tables.
fn generation() -> Result<Option<u32>, HostError> {
    let request = Request {
        protocol: NETLINK_NETFILTER,
        kind: NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
        scope: Scope::Single,
        payload: &[0; HEADER],
        what: "nf_tables rules",
    };
    let numbers = or_none(request.ask(|message| -> Result<_, DecodeError> {
        for attribute in attributes(behind(message, HEADER)?) {
            if let (NFTA_GEN_ID, value) = attribute? {
                return Ok(value.first_chunk().copied().map(u32::from_be_bytes));
            }
        }
        Ok(None)
    }))?;
    Ok(numbers.into_iter().next())
}

fn list<T>(
    kind: u16,
    what: &'static str,
    read: impl FnMut(&[u8]) -> Result<Option<T>, DecodeError>,
) -> Result<Vec<T>, HostError> {
    let request = Request {
        protocol: NETLINK_NETFILTER,
        kind: NFNL_SUBSYS_NFTABLES << 8 | kind,
        scope: Scope::List,
        payload: &[0; HEADER],
        what,
    };
    request.ask(read)
}

/// nfnetlink calls a request to a subsystem that is not there invalid.
fn or_none<T>(answer: Result<Vec<T>, HostError>) -> Result<Vec<T>, HostError> {
    match answer {
        Err(error) if error.is_unsupported() || error.is_invalid() => Ok(Vec::new()),
        answer => answer,
    }
}

fn read(message: &[u8]) -> Result<Option<Rule>, DecodeError> {
    let number = message.first().copied().unwrap_or_default();
    let mut rule = Rule {
        family: family(number),
        table: String::new(),
        chain: String::new(),
        handle: 0,
        statement: String::new(),
    };
    let mut expressions = &[][..];
    for attribute in attributes(behind(message, HEADER)?) {
        match attribute? {
            (NFTA_RULE_EXPRESSIONS, value) => expressions = value,
            (NFTA_RULE_TABLE, value) => rule.table = text(value),
            (NFTA_RULE_CHAIN, value) => rule.chain = text(value),
            (NFTA_RULE_HANDLE, value) => rule.handle = netlink_packet_core::parse_u64_be(value)?,
            _ => {}
        }
    }
    Ok(rule::statement(number, expressions)?.map(|statement| Rule { statement, ..rule }))
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

#[cfg(test)]
mod tests;
