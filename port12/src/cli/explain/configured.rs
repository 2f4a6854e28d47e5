//! What `port12 run` would do, by the policy file and the environment.

use std::{collections::BTreeSet, path::PathBuf};

use port12_common::{
    Transport,
    abi::{Action, PORTS},
};
use serde::{Serialize, Serializer};

use super::{ExplainArgs, forecast::Forecast, sockets, watch::Watch};
use crate::{
    advice::Intent,
    agent,
    cli::failure::{Code, Failure},
    cli::{registry::RegistryArgs, settings::Settings},
    config::{Config, Layer, Origin, Valued},
    host::interfaces::Link,
    model::ModeState,
    outlook::Conditions,
    policy::{Forwarding, Mode},
    who::{Answer, Limit},
};

/// The policy that is not in force, or not for sure.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Configured {
    /// Null where there is none.
    pub(super) file: Option<PathBuf>,
    pub(super) mode: &'static str,
    /// Where the mode comes from.
    pub(super) mode_origin: String,
    /// What would be watched; null while something is, for it may be something else.
    pub(super) interfaces: Option<Vec<Planned>>,
    /// The port on each transport; none above 1023.
    pub(super) ports: Vec<Port>,
}

/// An interface that would be watched.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Planned {
    pub(super) interface: String,
    /// Why drop mode or bans would be refused there.
    pub(super) refused: Option<String>,
}

/// The port on a transport.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Port {
    #[serde(serialize_with = "name")]
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) unknown_source: Forecast,
    /// Whether a listener is what it should be.
    pub(super) expected: bool,
    #[serde(skip)]
    pub(super) planned: Intent,
}

fn name<S: Serializer>(transport: &Transport, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(transport.as_str())
}

impl Configured {
    /// Reads the policy file. Where it is not accepted, that is a limit.
    pub(super) fn read(args: &ExplainArgs, watch: &Watch, answer: &mut Answer) -> Option<Self> {
        let mut limits = Vec::new();
        let read = Self::of(args, watch, answer, &mut limits);
        let configured = read.map_err(|failure| limits.push(unread(&failure))).ok();
        answer.limits.append(&mut limits);
        configured
    }

    fn of(
        args: &ExplainArgs,
        watch: &Watch,
        answer: &Answer,
        limits: &mut Vec<Limit>,
    ) -> Result<Self, Failure> {
        let config = settings(args)?.load()?;
        let registry = RegistryArgs { registry: config.registry.value.clone() }.load()?;
        let compiled = config.compile(&registry);
        let published = answer.entries.iter().filter(|it| sockets::is_published(it));
        let sockets: BTreeSet<_> = published.map(|it| (it.transport, it.port)).collect();
        let unseen = answer.unseen.keys().map(|&transport| (transport, args.port));
        let with_unseen = sockets.iter().copied().chain(unseen);
        let with_unseen = Conditions::kept(compiled.policy.clone(), with_unseen);
        let conditions = Conditions::kept(compiled.policy, sockets);
        let mode = ModeState::plain(config.mode.value);
        let port = args.port;
        let of = |transport| Port {
            transport,
            port,
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
        Ok(Self {
            file: config.file.clone(),
            mode: config.mode.value.as_str(),
            mode_origin: config.mode.origin.to_string(),
            interfaces: if is_watched { None } else { planned(&config, limits) },
            ports: if is_well_known { Transport::ALL.map(of).into() } else { Vec::new() },
        })
    }

    /// Whether the policy expects a listener.
    pub(super) fn expects(&self, transport: Transport) -> bool {
        self.ports.iter().any(|it| it.transport == transport && it.expected)
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

fn unread(failure: &Failure) -> Limit {
    let what = format!("the policy that `port12 run` would put in force: {}", failure.message);
    Limit { what, needs: Vec::new() }
}

/// What `run` has without flags, and what the flags of this command say.
fn settings(args: &ExplainArgs) -> Result<Settings, Failure> {
    let environment = Settings::of_environment().map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        Failure::new(Code::Usage, line.strip_prefix("error: ").unwrap_or(line))
    })?;
    let registry = args.registry.registry.clone();
    let registry = registry.map(|it| Valued::new(Some(it), Origin::Flag("--registry".to_owned())));
    Ok(Settings {
        config: args.config.clone(),
        overrides: Layer {
            registry: registry.or(environment.overrides.registry.clone()),
            ..environment.overrides
        },
    })
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
    let failure = Failure::from(agent::check_forwarding(link, config).err()?);
    if failure.code != Code::Permission {
        return Some(failure.message);
    }
    let what = format!("whether `port12 run` would be refused there: {}", failure.message);
    limits.push(Limit { what, needs: Vec::new() });
    None
}
