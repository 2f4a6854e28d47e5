//! The configuration as the kernel's rules.

use std::{collections::BTreeSet, sync::Arc};

use ipnet::IpNet;
use port12_common::{
    Transport,
    abi::{self, Policy, Rule},
};

use super::{Config, Origin, PortAction, PortRule, Ports, Valued};
use crate::{
    kernel::banning::Scope,
    policy::{Mode, TooDeepPolicy, policy},
    registry::{PortSet, Registry},
    text::Printable,
};

/// Policy for the kernel and the reports.
pub struct Compiled {
    /// The rules, and which allowlists are not empty. The gate is open in drop mode.
    pub policy: Box<Policy>,
    /// The ports on which a listener is what it should be.
    pub expected: BTreeSet<(Transport, u16)>,
    /// Warnings: rules that do less than they seem to.
    pub warnings: Vec<String>,
}

impl Config {
    /// The rules under the configured mode.
    pub fn compile(&self, registry: &Registry) -> Compiled {
        let mut compiled = self.compile_as(self.mode.value, registry);
        let mut rules = self.rules.iter().enumerate();
        let drops = |rule: &PortRule| rule.action == Some(PortAction::Drop);
        if self.mode.value == Mode::Monitor
            && let Some((index, _)) = rules.find(|(_, rule)| drops(&rule.value))
        {
            compiled.warnings.push(format!(
                "{}: nothing is dropped, for the mode is monitor ({}): `mode = \"drop\"` puts it \
                 in force",
                self.place(index, "action"),
                self.mode.origin
            ));
        }
        if self.ban.value.is_some_and(|it| it.after.is_some() && it.scope == Scope::All) {
            compiled.warnings.push(format!(
                "ban.scope ({}): the program bans with scope \"unassigned\" by itself, for source addresses can be \
                 forged; \"all\" is for `port12 ban --scope all`",
                self.ban.origin
            ));
        }
        compiled.warnings.extend(self.unread.iter().map(|path| {
            format!(
                "{}: not read: drop-ins have names that end in `.toml` and do not begin with a dot",
                Printable(path.display())
            )
        }));
        compiled
    }

    /// The rules under another mode: monitor where drop mode is given up.
    pub fn compile_as(&self, mode: Mode, registry: &Registry) -> Compiled {
        let watched = Transport::ALL.map(|transport| self.watched(transport, registry));
        let transit = self.transit.value.into();
        let mut policy = policy(&watched.map(|ports| *ports.bits()), mode, transit);
        policy.lists = not_empty(&self.allow.value);
        let mut compiled = Compiled { policy, expected: BTreeSet::new(), warnings: Vec::new() };
        for (index, rule) in self.rules.iter().enumerate() {
            let rule = &rule.value;
            for ports in &rule.ports {
                let mut applies = false;
                for transport in Transport::ALL.into_iter().filter(|of| rule.covers(ports, *of)) {
                    let watched = &watched[transport as usize];
                    for port in ports.iter().filter(|port| watched.contains(*port)) {
                        applies = true;
                        compiled.apply(rule, mode, transit, (transport, port));
                    }
                }
                if ports.is_named() && !applies {
                    let place = self.place(index, "ports");
                    compiled.warnings.push(format!(
                        "{place}: {ports} is not watched, for the registry of {} does not list it \
                         as unassigned: `extra = [\"{ports}\"]` watches it",
                        registry.edition()
                    ));
                }
            }
        }
        let passes = self.too_deep.value == TooDeepPolicy::Pass;
        compiled.policy.too_deep = Policy::too_deep_by(&compiled.policy.rules, passes);
        compiled
    }

    /// The ports on which a conversation start is a probe.
    pub fn watched(&self, transport: Transport, registry: &Registry) -> PortSet {
        let reserved = match self.include_reserved.value {
            true => registry.reserved(transport),
            false => PortSet::default(),
        };
        let extra = self.extra.value.iter().filter(|ports| ports.is_of(transport));
        let extra = extra.flat_map(Ports::iter);
        registry.watched(transport).iter().chain(reserved.iter()).chain(extra).collect()
    }

    /// Origin of the rule of a port: the last `[[port]]` table for it, else `extra`, else the registry.
    pub fn origin_of_port(&self, transport: Transport, port: u16) -> String {
        let has = |ports: &Ports| ports.iter().any(|it| it == port);
        let covers = |rule: &&Valued<PortRule>| {
            rule.value.ports.iter().any(|it| rule.value.covers(it, transport) && has(it))
        };
        let rule = self.rules.iter().rev().find(covers).map(|rule| &rule.origin);
        let is_extra = self.extra.value.iter().any(|it| it.is_of(transport) && has(it));
        let origin = rule.or_else(|| is_extra.then_some(&self.extra.origin));
        match (origin, &self.registry.origin, &self.include_reserved.origin) {
            (Some(origin), _, _) => origin.to_string(),
            (None, Origin::Default, Origin::Default) => "registry".to_owned(),
            (None, Origin::Default, origin) | (None, origin, _) => format!("registry, {origin}"),
        }
    }

    fn place(&self, index: usize, key: &str) -> String {
        let file = |rule: &Valued<PortRule>| match &rule.origin {
            Origin::File { path, .. } => Some(Arc::clone(path)),
            Origin::Default | Origin::Files(_) | Origin::Environment(_) | Origin::Flag(_) => None,
        };
        let rule = &self.rules[index];
        let of_file = self.rules[..index].iter().filter(|it| file(it) == file(rule)).count();
        match &rule.origin {
            Origin::File { path, line } => {
                format!("{}: line {line}: port[{of_file}].{key}", Printable(path.display()))
            }
            Origin::Default | Origin::Files(_) | Origin::Environment(_) | Origin::Flag(_) => {
                format!("port[{of_file}].{key}")
            }
        }
    }
}

impl Compiled {
    fn apply(
        &mut self,
        rule: &PortRule,
        mode: Mode,
        transit: abi::TransitPolicy,
        port: (Transport, u16),
    ) {
        if let Some(action) = rule.action(mode) {
            self.policy.set(port.0, port.1, Rule::new(action, transit));
        }
        match rule.expected {
            Some(true) => drop(self.expected.insert(port)),
            Some(false) => drop(self.expected.remove(&port)),
            None => {}
        }
    }
}

fn not_empty(allow: &BTreeSet<IpNet>) -> u64 {
    allow.iter().fold(0, |bits, net| match net {
        IpNet::V4(_) => bits | Policy::ALLOW_V4,
        IpNet::V6(_) => bits | Policy::ALLOW_V6,
    })
}
