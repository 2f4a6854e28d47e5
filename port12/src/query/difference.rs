//! Comparison of a policy with the policy that a pinned program enforces.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use port12_common::{
    Transport,
    abi::{PORTS, Policy, TransitPolicy},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::QueryError;
use crate::{
    config::{Compiled, Config, Key, TABLE, action_name, prefix},
    kernel::{
        attach::Wanted,
        banning::{self, Scope, Terms},
        pinned::Pinned,
    },
    model::{InterfaceState, ModeReason, Setting, XdpMode},
    policy::{Mode, TooDeepPolicy},
    registry::{PortSet, Registry},
};

/// Keys that are compared as the rules of the ports, which they decide, or with the set of interfaces.
const IN_RULES: [&str; 5] = ["interfaces", "exclude", "include_reserved", "extra", "registry"];

/// Result of a comparison.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The same value.
    Same,
    /// Another value.
    Differs,
    /// Another value, by a flag or variable of the daemon: a reload of the policy keeps it.
    Overridden,
    /// Only a daemon knows it, and none runs.
    Unknown,
}

/// Comparison of one value.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Key of the policy; `port` for rules, with the ports in it.
    pub key: String,
    /// Result.
    pub result: Agreement,
    /// Value of the policy; null if it has none.
    pub policy: Value,
    /// Value in force; null if it is unknown, or there is none.
    pub in_force: Value,
    /// Origin of the policy's value.
    pub origin: String,
}

/// A policy to compare with.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The policy.
    pub config: &'a Config,
    /// Its rules.
    pub compiled: &'a Compiled,
    /// Registry of the rules.
    pub registry: &'a Registry,
}

/// Compares a policy with the policy in force on an interface. `has_daemon`: whether a process of port12 keeps the
/// program; `settings`: its values of the policy, if they are known.
///
/// # Errors
///
/// [`QueryError`]: the maps cannot be read.
pub fn compare(
    candidate: Candidate<'_>,
    pinned: &Pinned,
    interface: &InterfaceState,
    has_daemon: bool,
    settings: Option<&BTreeMap<String, Setting>>,
) -> Result<Vec<Comparison>, QueryError> {
    let mut in_force = BTreeMap::from([
        ("mode", mode(candidate.config, interface)),
        ("confirm", confirm(candidate.config, interface)),
        ("xdp_mode", xdp_mode(candidate.config, interface)),
        ("transit", transit(candidate, pinned)),
        ("too_deep", too_deep(candidate.config, pinned)),
        ("allow", allow(candidate.config, pinned)?),
        ("ban", ban(candidate.config, pinned)),
        ("pin", pin(candidate.config, interface, has_daemon)),
    ]);
    let keys = TABLE.iter().filter(|key| !IN_RULES.contains(&key.name));
    let rows = keys.map(|key| {
        let pinned = in_force.remove(key.name).unwrap_or((Agreement::Unknown, Value::Null));
        let of_daemon = settings.and_then(|settings| settings.get(key.name));
        row(key, candidate.config, pinned, of_daemon)
    });
    let rules = rules(candidate, pinned, interface.mode.requested);
    Ok(rows.chain(rules).chain(expected(candidate, pinned)).collect())
}

/// Comparison of a key: by the pins, or by the daemon if they do not have it.
fn row(
    key: &Key,
    config: &Config,
    (result, in_force): (Agreement, Value),
    of_daemon: Option<&Setting>,
) -> Comparison {
    let policy = (key.value)(config).and_then(|value| serde_json::to_value(value).ok());
    let policy = policy.unwrap_or(Value::Null);
    let (result, in_force) = match (result, of_daemon) {
        (Agreement::Unknown, Some(it)) => (agreement(it.value == policy), it.value.clone()),
        (result, _) => (result, in_force),
    };
    let is_overridden = of_daemon.is_some_and(|it| it.overrides_file && it.value != policy);
    Comparison {
        key: key.name.to_owned(),
        result: match result {
            Agreement::Differs if is_overridden => Agreement::Overridden,
            result => result,
        },
        policy,
        in_force,
        origin: (key.origin)(config).to_string(),
    }
}

fn agreement(is_same: bool) -> Agreement {
    if is_same { Agreement::Same } else { Agreement::Differs }
}

fn mode(config: &Config, interface: &InterfaceState) -> (Agreement, Value) {
    let mode = interface.mode;
    let wanted = config.mode.value;
    (agreement(mode.requested == wanted && mode.effective == wanted), json!(mode.to_string()))
}

/// The timeout that was asked for is not kept: only whether one runs.
fn confirm(config: &Config, interface: &InterfaceState) -> (Agreement, Value) {
    let mode = interface.mode;
    match (config.confirm.value, mode.reverts_in_seconds) {
        (None, Some(seconds)) => (Agreement::Differs, json!(format!("reverts in {seconds} s"))),
        (None, None) if mode.reason == Some(ModeReason::Expired) => {
            (Agreement::Differs, json!("expired unconfirmed"))
        }
        (None, None) => (Agreement::Same, Value::Null),
        (Some(_), Some(seconds)) => (Agreement::Unknown, json!(format!("reverts in {seconds} s"))),
        (Some(_), None) => (Agreement::Unknown, Value::Null),
    }
}

fn xdp_mode(config: &Config, interface: &InterfaceState) -> (Agreement, Value) {
    let Some(mode) = interface.xdp_mode else {
        return (Agreement::Unknown, Value::Null);
    };
    let is_same = match config.xdp_mode.value {
        Wanted::Auto => true,
        Wanted::Native => mode == XdpMode::Native,
        Wanted::Generic => mode == XdpMode::Generic,
    };
    (agreement(is_same), json!(mode))
}

/// The transit policy is part of each rule.
fn transit(candidate: Candidate<'_>, pinned: &Pinned) -> (Agreement, Value) {
    let rules = pinned.state().rules();
    let watched = rules.iter().flatten().filter(|rule| rule.watches());
    let names: BTreeSet<&str> = watched.map(|rule| transit_name(rule.transit())).collect();
    let wanted = transit_name(candidate.config.transit.value.into());
    match names.len() {
        0 => (Agreement::Unknown, Value::Null),
        _ => {
            (agreement(names == BTreeSet::from([wanted])), json!(Vec::from_iter(names).join(", ")))
        }
    }
}

const fn transit_name(transit: TransitPolicy) -> &'static str {
    match transit {
        TransitPolicy::Pass => "pass",
        TransitPolicy::Watch => "watch",
        TransitPolicy::Drop => "drop",
    }
}

fn too_deep(config: &Config, pinned: &Pinned) -> (Agreement, Value) {
    let word = pinned.state().too_deep();
    let passes = word & Policy::PASS_TOO_DEEP != 0;
    let is_same = passes == (config.too_deep.value == TooDeepPolicy::Pass);
    (agreement(is_same), json!(if passes { "pass" } else { "drop" }))
}

/// All prefixes in force, those of `port12 allow add` included.
fn allow(config: &Config, pinned: &Pinned) -> Result<(Agreement, Value), QueryError> {
    let in_force: BTreeSet<_> = pinned.allowlist()?.list()?.into_keys().collect();
    let texts: Vec<String> = in_force.iter().map(prefix::shown).collect();
    Ok((agreement(in_force == config.allow.value), json!(texts)))
}

fn ban(config: &Config, pinned: &Pinned) -> (Agreement, Value) {
    let in_force = pinned.ban_terms();
    let scope = if pinned.state().shuts_out() { Scope::All } else { Scope::Unassigned };
    let wanted = config.ban.value.map(|terms| banning::rounded(&terms, pinned.hz()));
    let of = |terms: Terms| terms.after.map(|after| (after, terms.time, terms.within));
    let is_same = wanted.and_then(of) == in_force.and_then(of)
        && wanted.map_or(Scope::Unassigned, |terms| terms.scope) == scope;
    let scope = <&str>::from(scope);
    let value = match in_force.and_then(of) {
        Some((after, time, within)) => {
            json!({ "after": after, "for": shown(time), "within": shown(within), "scope": scope })
        }
        None if scope == <&str>::from(Scope::All) => json!({ "scope": scope }),
        None => Value::Null,
    };
    (agreement(is_same), value)
}

fn shown(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// Without a daemon it says nothing of the policy: `port12 attach` pins in any case.
fn pin(config: &Config, interface: &InterfaceState, has_daemon: bool) -> (Agreement, Value) {
    match interface.persistent.filter(|_| has_daemon) {
        Some(persistent) => (agreement(persistent == config.pin.value), json!(persistent)),
        None => (Agreement::Unknown, json!(interface.persistent)),
    }
}

/// Rules that differ, under the mode that is in force.
fn rules(candidate: Candidate<'_>, pinned: &Pinned, mode: Mode) -> Vec<Comparison> {
    let wanted = candidate.config.compile_as(mode, candidate.registry).policy;
    let in_force = pinned.state().rules();
    let mut differences: BTreeMap<(Transport, &str, &str, String), Vec<u16>> = BTreeMap::new();
    for transport in Transport::ALL {
        for port in 0..PORTS as u16 {
            let wanted = wanted.rule(transport, port).action();
            let found = in_force[transport as usize][usize::from(port)].action();
            if wanted != found {
                let origin = candidate.config.origin_of_port(transport, port);
                let difference = (transport, action_name(wanted), action_name(found), origin);
                differences.entry(difference).or_default().push(port);
            }
        }
    }
    let row = |((transport, wanted, found, origin), ports): (
        (Transport, &str, &str, String),
        Vec<u16>,
    )| {
        let ports: PortSet = ports.into_iter().collect();
        Comparison {
            key: format!("port {transport} {ports}"),
            result: Agreement::Differs,
            policy: json!(wanted),
            in_force: json!(found),
            origin,
        }
    };
    let rows: Vec<Comparison> = differences.into_iter().map(row).collect();
    if rows.is_empty() {
        let key = "port".to_owned();
        let origin =
            candidate.config.rules.last().map_or_else(String::new, |it| it.origin.to_string());
        let (policy, in_force) = (Value::Null, Value::Null);
        return vec![Comparison { key, result: Agreement::Same, policy, in_force, origin }];
    }
    rows
}

/// Ports whose `expected` differs.
fn expected(candidate: Candidate<'_>, pinned: &Pinned) -> Vec<Comparison> {
    let in_force = pinned.state().expected();
    let all =
        Transport::ALL.into_iter().flat_map(|of| (0..PORTS as u16).map(move |port| (of, port)));
    let differing = all.filter_map(|(transport, port)| {
        let wanted = candidate.compiled.expected.contains(&(transport, port));
        let found = in_force.contains(transport, port);
        (wanted != found).then(|| Comparison {
            key: format!("port {transport} {port}: expected"),
            result: Agreement::Differs,
            policy: json!(wanted),
            in_force: json!(found),
            origin: candidate.config.origin_of_port(transport, port),
        })
    });
    differing.collect()
}
