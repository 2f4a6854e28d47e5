//! What a configuration comes to on this host.

use std::{borrow::Cow, path::Path, thread};

use port12_common::abi::bypass;

use super::{preflight, registry::RegistryArgs, selection::Selection, settings::Settings};
use crate::{
    cli::failure::Failure,
    config::{Compiled, Config},
    host::interfaces::Link,
    kernel::{loader, pin, pinned::Pinned},
    listeners::Scope,
    policy::{Forwarding, Mode},
    query::ForwardingAnswer,
    registry::Registry,
    watch::Orders,
};

/// Everything that is decided before anything is touched.
pub struct Plan {
    /// The configuration.
    pub config: Config,
    /// Where the watched ports come from.
    pub registry: Cow<'static, Registry>,
    /// The configuration under the registry.
    pub compiled: Compiled,
    /// The interfaces to watch.
    pub targets: Vec<Target>,
    /// Interfaces that a glob matches and that cannot be watched, by index.
    pub left_out: Vec<u32>,
    /// What has to be reported about the choice of interfaces, one line each.
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
    /// Reads the configuration, the registry and the host, while another thread prepares to load.
    ///
    /// # Errors
    ///
    /// [`Failure`], with the exit code: one of them is not accepted, or an interface is not there.
    pub fn make(settings: &Settings, pin_dir: &Path) -> Result<Self, Failure> {
        thread::scope(|scope| {
            // Without that thread, the first load takes longer.
            let _ = thread::Builder::new().spawn_scoped(scope, loader::prepare);
            Self::decide(settings, pin_dir)
        })
    }

    fn decide(settings: &Settings, pin_dir: &Path) -> Result<Self, Failure> {
        let config = settings.load()?;
        let registry = RegistryArgs { registry: config.registry.value.clone() }.load()?;
        let compiled = config.compile(&registry);
        let Selection { links, left_out, notes } = Selection::of(&config)?;
        preflight::check_capabilities()?;
        let mut targets = Vec::with_capacity(links.len());
        for link in links {
            let name = link.name.clone();
            let target = Target::of(link, &config);
            targets.push(target.map_err(|failure| stop_dropping(failure, pin_dir, &name))?);
        }
        Ok(Self { config, registry, compiled, targets, left_out, notes })
    }

    /// The lines that the configuration and the choice of interfaces give rise to.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.compiled.warnings.iter().chain(&self.notes)
    }

    /// What the interfaces are to enforce.
    pub fn orders(&self) -> Orders {
        Orders {
            policy: self.compiled.policy.clone(),
            mode: self.config.mode.value,
            confirm: self.config.confirm.value,
            allow: self.config.allow.value.clone(),
            ban: self.config.ban.value,
            expected: self.compiled.expected.clone(),
        }
    }

    /// The ports on which a listener is told of.
    pub fn scope(&self) -> Scope {
        Scope::of(&self.compiled.policy, &self.compiled.expected)
    }

    /// Whether dropping is to be given up where the host begins to forward.
    pub fn guards(&self) -> bool {
        self.config.drops_by_itself() && self.config.forwarding.value == Forwarding::Refuse
    }

    /// Whether somebody has to be able to reach what is attached: to confirm it, or after this
    /// process has ended.
    pub fn needs_pins(&self, stay: bool) -> bool {
        stay || (self.config.mode.value == Mode::Drop && self.config.confirm.value.is_some())
    }
}

impl Target {
    /// An interface, where it may be watched as the configuration says.
    ///
    /// # Errors
    ///
    /// [`Failure`]: drop mode is refused there.
    pub fn of(link: Link, config: &Config) -> Result<Self, Failure> {
        let forwarding = preflight::check_forwarding(&link, config)?;
        Ok(Self { link, forwarding })
    }
}

/// What is attached from before may not go on with what is refused. Says so in the same line.
fn stop_dropping(failure: Failure, pin_dir: &Path, interface: &str) -> Failure {
    let slots = pin::slots(pin_dir).unwrap_or_default();
    let slot = slots.into_iter().find(|slot| slot.interface() == interface && slot.has_link());
    let Some(Ok(state)) = slot.map(|slot| Pinned::state_of(&slot)) else {
        return failure;
    };
    state.set_bypass(bypass::FORWARDS, true);
    let text = "; what is attached there from before drops nothing from now on";
    Failure::new(failure.code, failure.message + text)
}
