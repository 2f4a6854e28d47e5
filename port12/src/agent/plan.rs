//! Plan of the agent: the policy on this host.

use std::{borrow::Cow, collections::BTreeMap, path::Path, thread};

use port12_common::abi::bypass;

use super::{AgentError, preflight, selection::Selection};
use crate::{
    config::{Compiled, Config, Entry, Origin},
    host::interfaces::Link,
    kernel::{loader, pin, pinned::Pinned},
    listeners::Scope,
    model::Setting,
    policy::{Forwarding, Mode},
    query::ForwardingAnswer,
    registry::Registry,
    story::Identification,
    watch::Orders,
};

/// Decisions that are made before the host is changed.
pub struct Plan {
    /// Policy.
    pub config: Config,
    /// Registry with the unassigned ports.
    pub registry: Cow<'static, Registry>,
    /// Policy for each port.
    pub compiled: Compiled,
    /// Interfaces to watch.
    pub targets: Vec<Target>,
    /// Interfaces that a glob matches and that cannot be watched, by index.
    pub left_out: Vec<u32>,
    /// Notes about the choice of interfaces, one line each.
    pub notes: Vec<String>,
}

/// An interface to watch.
#[derive(Clone, Debug)]
pub struct Target {
    /// The interface.
    pub link: Link,
    /// Answer of the host about forwarding.
    pub forwarding: ForwardingAnswer,
}

impl Plan {
    /// Reads the registry and the host, while another thread prepares to load.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: one of them is not accepted, or an interface is not there.
    pub fn make(config: Config, pin_dir: &Path) -> Result<Self, AgentError> {
        thread::scope(|scope| {
            // Without that thread, the first load takes longer.
            let _ = thread::Builder::new().spawn_scoped(scope, loader::prepare);
            Self::decide(config, pin_dir)
        })
    }

    /// Values of the policy, by key.
    pub(super) fn settings(&self) -> BTreeMap<String, Setting> {
        let setting = |entry: Entry| {
            let value = entry.value.and_then(|value| serde_json::to_value(value).ok());
            let overrides_file = matches!(entry.origin, Origin::Flag(_) | Origin::Environment(_));
            let origin = entry.origin.to_string();
            let value = value.unwrap_or_default();
            (entry.key.to_owned(), Setting { value, origin, overrides_file })
        };
        self.config.entries().into_iter().map(setting).collect()
    }

    fn decide(config: Config, pin_dir: &Path) -> Result<Self, AgentError> {
        let registry = Registry::load(config.registry.value.as_deref())?;
        let compiled = config.compile(&registry);
        let Selection { links, left_out, notes } = Selection::of(&config)?;
        preflight::check_capabilities()?;
        let mut targets = Vec::with_capacity(links.len());
        for link in links {
            let name = link.name.clone();
            let target = Target::of(link, &config);
            targets.push(target.map_err(|error| stop_dropping(error, pin_dir, &name))?);
        }
        Ok(Self { config, registry, compiled, targets, left_out, notes })
    }

    /// Warnings about the policy and the choice of interfaces.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.compiled.warnings.iter().chain(&self.notes)
    }

    /// Orders for the interfaces.
    pub fn orders(&self) -> Orders {
        Orders {
            policy: self.compiled.policy.clone(),
            mode: self.config.mode.value,
            confirm: self.config.confirm.value,
            confirmed: false,
            allow: self.config.allow.value.clone(),
            ban: self.config.ban.value,
            expected: self.compiled.expected.clone(),
        }
    }

    /// Parts of the policy that records show.
    pub fn identification(&self) -> Identification {
        Identification::of(&self.config)
    }

    /// Ports whose listeners are reported.
    pub fn scope(&self) -> Scope {
        Scope::of(&self.compiled.policy, &self.compiled.expected)
    }

    /// Whether dropping ends when the host begins to forward.
    pub fn guards(&self) -> bool {
        self.config.drops_by_itself() && self.config.forwarding.value == Forwarding::Refuse
    }

    /// Whether other processes must reach the maps: to confirm drop mode, or after the end of this process.
    pub fn needs_pins(&self, stay: bool) -> bool {
        stay || (self.config.mode.value == Mode::Drop && self.config.confirm.value.is_some())
    }
}

impl Target {
    /// An interface that may be watched as the policy says.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: drop mode is refused there.
    pub fn of(link: Link, config: &Config) -> Result<Self, AgentError> {
        let forwarding = preflight::check_forwarding(&link, config)?;
        Ok(Self { link, forwarding })
    }
}

/// Stops the dropping of a program that was attached before: it may not go on with a policy that is refused now.
fn stop_dropping(error: AgentError, pin_dir: &Path, interface: &str) -> AgentError {
    let slots = pin::slots(pin_dir).unwrap_or_default();
    let slot = slots.into_iter().find(|slot| slot.interface() == interface && slot.has_link());
    let Some(Ok(state)) = slot.map(|slot| Pinned::writable_state_of(&slot)) else {
        return error;
    };
    state.set_bypass(bypass::FORWARDS, true);
    AgentError::Stopped { source: Box::new(error) }
}
