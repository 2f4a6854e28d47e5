//! Parts of the state that only the daemon knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AlertStats, ListenersState, OutboundState, ScansState, SourcesState, State};

/// A process that watches.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DaemonId {
    /// Process id, in the process namespace of the reader.
    pub pid: u32,
    /// Name of the process; null if it cannot be read.
    pub name: Option<String>,
}

/// Value of a key of the policy in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Setting {
    /// The value; null if there is none.
    pub value: serde_json::Value,
    /// Origin: a file with its line, a flag, the environment or the default.
    pub origin: String,
    /// Whether a flag or a variable of the daemon has precedence over the policy file.
    pub overrides_file: bool,
}

/// Parts of a state that cannot be read from pinned maps. The daemon writes them for other processes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DaemonState {
    /// Version of the program that wrote it.
    pub version: String,
    /// Process id of the daemon, in its own process namespace.
    pub pid: u32,
    /// Values of the policy in force, by key.
    pub settings: BTreeMap<String, Setting>,
    /// Sources of probes.
    pub sources: Option<SourcesState>,
    /// Scans that go on.
    pub scans: Option<ScansState>,
    /// Listeners on watched ports.
    pub listeners: Option<ListenersState>,
    /// Outbound flow starts; null if they are not watched.
    pub outbound: Option<OutboundState>,
    /// Alerts and sinks.
    pub alerts: Option<AlertStats>,
}

impl DaemonState {
    /// The parts of a state of this process, under a policy.
    pub fn of(state: &State, settings: BTreeMap<String, Setting>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            settings,
            sources: state.sources.clone(),
            scans: state.scans.clone(),
            listeners: state.listeners.clone(),
            outbound: state.outbound.clone(),
            alerts: state.alerts.clone(),
        }
    }
}

impl State {
    /// Adds the parts that the daemon knows.
    pub fn merge(&mut self, daemon: DaemonState) {
        let DaemonState {
            version: _,
            pid: _,
            settings: _,
            sources,
            scans,
            listeners,
            outbound,
            alerts,
        } = daemon;
        self.sources = sources;
        self.scans = scans;
        self.listeners = listeners;
        self.outbound = outbound;
        self.alerts = alerts;
    }
}
