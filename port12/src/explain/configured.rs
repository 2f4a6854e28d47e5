//! Orders of `port12 run` by the policy file and the environment.

use std::{collections::BTreeSet, path::PathBuf};

use port12_common::{
    Transport,
    abi::{Action, PORTS},
};
use serde::{Deserialize, Serialize};

use super::{forecast::Forecast, sockets, watch::Watch};
use crate::{
    advice::Intent,
    agent,
    config::Config,
    host::interfaces::Link,
    model::{Limit, ModeState, PortId},
    outlook::Conditions,
    policy::{Forwarding, Mode},
    registry::Registry,
    who::Answer,
};

/// The policy that is not in force, or not for sure.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Configured {
    /// Policy file; null if there is none.
    pub file: Option<PathBuf>,
    /// Mode that it asks for.
    pub mode: Mode,
    /// Origin of the mode: a file with its line, a flag, the environment or the default.
    pub mode_origin: String,
    /// Interfaces that would be watched; null while some are, since those may be others.
    pub interfaces: Option<Vec<Planned>>,
    /// The port on each transport; none above 1023.
    pub ports: Vec<Port>,
}

/// An interface that would be watched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Planned {
    /// Its name.
    pub interface: String,
    /// Reason for which drop mode or bans would be refused there, for people; null if they would not.
    pub refused: Option<String>,
}

/// The port on a transport.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Port {
    /// The port.
    #[serde(flatten)]
    pub id: PortId,
    /// Forecast for an unknown source.
    pub unknown_source: Forecast,
    /// Whether the policy expects a listener.
    pub expected: bool,
    /// Treatment of a flow start without a socket.
    #[serde(skip)]
    pub planned: Intent,
}

impl Configured {
    /// Orders for a port by a policy, with the registry that it names.
    pub fn of(port: u16, policy: (&Config, &Registry), watch: &Watch, answer: &mut Answer) -> Self {
        let mut limits = Vec::new();
        let configured = Self::read(port, policy, watch, answer, &mut limits);
        answer.limits.append(&mut limits);
        configured
    }

    fn read(
        port: u16,
        (config, registry): (&Config, &Registry),
        watch: &Watch,
        answer: &Answer,
        limits: &mut Vec<Limit>,
    ) -> Self {
        let compiled = config.compile(registry);
        let published = answer.entries.iter().filter(|it| sockets::is_published(it));
        let sockets: BTreeSet<_> = published.map(|it| (it.transport, it.port)).collect();
        let unseen = answer.unseen.keys().map(|&transport| (transport, port));
        let with_unseen = sockets.iter().copied().chain(unseen);
        let with_unseen = Conditions::kept(compiled.policy.clone(), with_unseen);
        let conditions = Conditions::kept(compiled.policy, sockets);
        let mode = ModeState::plain(config.mode.value);
        let of = |transport| Port {
            id: PortId { transport, port },
            planned: planned_by(
                conditions.outlook(transport, port, false).action,
                config.mode.value,
            ),
            unknown_source: {
                let [found, may_be] = sockets::found(answer, transport);
                let without = conditions.outlook(transport, port, found);
                let with = with_unseen.outlook(transport, port, may_be);
                Forecast::of([without, with], (transport, port), mode)
            },
            expected: compiled.expected.contains(&(transport, port)),
        };
        let is_well_known = usize::from(port) < PORTS;
        let is_watched = watch.attached().next().is_some();
        Self {
            file: config.file.clone(),
            mode: config.mode.value,
            mode_origin: config.mode.origin.to_string(),
            interfaces: if is_watched { None } else { planned(config, limits) },
            ports: if is_well_known { Transport::ALL.map(of).into() } else { Vec::new() },
        }
    }

    /// Whether the policy expects a listener.
    pub fn expects(&self, transport: Transport) -> bool {
        self.ports.iter().any(|it| it.id.transport == transport && it.expected)
    }
}

fn planned_by(action: Action, mode: Mode) -> Intent {
    match action {
        Action::Assigned => Intent::NotWatched,
        Action::Ignore => Intent::Ignored,
        Action::Drop { .. } if mode == Mode::Drop => Intent::Drops,
        Action::Watch | Action::Drop { .. } => Intent::Counts,
    }
}

/// The interfaces that would be watched; `None` where that cannot be told.
fn planned(config: &Config, limits: &mut Vec<Limit>) -> Option<Vec<Planned>> {
    let links = agent::links(config).map_err(|error| {
        let what = format!("which interfaces `port12 run` would watch: {error}");
        limits.push(Limit { what, needs: Vec::new() });
    });
    let may_refuse = config.drops_by_itself() && config.forwarding.value == Forwarding::Refuse;
    let planned = links.ok()?.into_iter().map(|link| Planned {
        refused: if may_refuse { refusal(&link, config, limits) } else { None },
        interface: link.name,
    });
    Some(planned.collect())
}

/// Why `run` would refuse an interface. Where this process may not see that, `run` may.
fn refusal(link: &Link, config: &Config, limits: &mut Vec<Limit>) -> Option<String> {
    let error = agent::check_forwarding(link, config).err()?;
    if !error.is_permission() {
        return Some(error.to_string());
    }
    let what = format!("whether `port12 run` would be refused there: {error}");
    limits.push(Limit { what, needs: Vec::new() });
    None
}
