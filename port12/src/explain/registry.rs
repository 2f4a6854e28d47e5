//! Published facts about a port: IANA's registry and known users.

use std::collections::BTreeSet;

use port12_common::{RegistryRows, Transport, abi::PORTS};
use serde::{Deserialize, Serialize};

use crate::{
    model::{PortId, RegistryId},
    registry::{PortSet, Registry, State, Transports, history, unofficial},
};

const LAST: u16 = PORTS as u16 - 1;

/// Published facts about a port.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Published {
    /// The port, 0 to 65,535.
    pub port: u16,
    /// Whether it is a well-known port: 0 to 1023 (RFC 6335 section 6). Without, the lists are empty.
    pub well_known: bool,
    /// Registry that the facts are from.
    pub registry: RegistryId,
    /// The port on each transport.
    pub states: Vec<Listing>,
    /// Meaning of those states.
    pub meanings: Vec<Meaning>,
    /// The port and three on each side, on each transport that the registry lists.
    pub neighbours: Vec<Listing>,
    /// Known users of the port that IANA does not list.
    pub unofficial: Vec<Known>,
    /// History of the port, for people.
    pub remarks: Vec<String>,
}

/// Registry entry of a port on a transport.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Listing {
    /// The port.
    #[serde(flatten)]
    pub id: PortId,
    /// State of the port.
    pub state: State,
    /// Whether port12 watches the port, by the registry.
    pub watched: bool,
    /// Rows of the registry.
    pub rows: Vec<Entry>,
}

/// A row of the registry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    /// Service name; may be empty.
    pub service: String,
    /// Description.
    pub description: String,
    /// Assignment notes; may be empty.
    pub note: String,
    /// `YYYY-MM-DD` or `YYYY-MM`; null if the registry has no date.
    pub registered: Option<String>,
    /// `YYYY-MM-DD` or `YYYY-MM`; null if the registry has no date.
    pub modified: Option<String>,
}

/// Meaning of a state.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Meaning {
    /// The state.
    pub state: State,
    /// Its meaning, for people.
    pub text: String,
}

/// A use that is not IANA's.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Known {
    /// Transport; null if only the number is known.
    pub transport: Option<Transport>,
    /// The port.
    pub port: u16,
    /// User, for people.
    pub who: String,
}

impl Published {
    /// Facts about a port.
    pub fn new(registry: &Registry, port: u16) -> Self {
        let well_known = port <= LAST;
        if !well_known {
            return Self {
                port,
                well_known,
                registry: registry.into(),
                states: Vec::new(),
                meanings: Vec::new(),
                neighbours: Vec::new(),
                unofficial: Vec::new(),
                remarks: Vec::new(),
            };
        }
        let table = Watched { registry, ports: Transport::ALL.map(|one| registry.watched(one)) };
        let near = port.saturating_sub(3)..=port.saturating_add(3).min(LAST);
        Self {
            port,
            well_known,
            registry: registry.into(),
            states: Transport::ALL.map(|transport| table.listing(transport, port)).into(),
            meanings: meanings(registry, port),
            neighbours: near
                .flat_map(|port| Transports::LISTED.map(|one| table.listing(one, port)))
                .collect(),
            unofficial: unofficial_uses(registry, port),
            remarks: history::remarks(port).iter().map(ToString::to_string).collect(),
        }
    }
}

/// A registry, and what follows from it.
struct Watched<'a> {
    registry: &'a Registry,
    ports: [PortSet; Transport::ALL.len()],
}

impl Watched<'_> {
    fn listing(&self, transport: Transport, port: u16) -> Listing {
        let rows = self.registry.rows(transport, port).map(|row| Entry {
            service: row.service.clone(),
            description: row.description.clone(),
            note: row.note.clone(),
            registered: some(&row.registered),
            modified: some(&row.modified),
        });
        Listing {
            id: PortId { transport, port },
            state: self.registry.state(transport, port),
            watched: self.ports[transport as usize].contains(port),
            rows: rows.collect(),
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What the states mean. SCTP and DCCP count where a row speaks of them: they have next to none.
fn meanings(registry: &Registry, port: u16) -> Vec<Meaning> {
    let counts = |transport: &Transport| {
        transport.info().registry == RegistryRows::Own
            || registry.rows(*transport, port).next().is_some()
    };
    let listed = Transports::LISTED.into_iter().filter(counts);
    let states: BTreeSet<State> = listed.map(|one| registry.state(one, port)).collect();
    states.into_iter().map(|state| Meaning { state, text: meaning(state).to_owned() }).collect()
}

const fn meaning(state: State) -> &'static str {
    match state {
        State::Unassigned => {
            "No service has it. It is available for assignment upon request (RFC 6335 section 6); \
             below 1024 that takes \"IETF Review\" or \"IESG Approval\" (section 8.1.2)."
        }
        State::Reserved => {
            "Not available for regular assignment: it is kept for special purposes, as the edges \
             of the port ranges are, or was given back (RFC 6335 section 6)."
        }
        State::Assigned => {
            "Assigned to the use that the registry names (RFC 6335 section 6). That traffic \
             arrives there does not mean that it is that service."
        }
    }
}

fn unofficial_uses(registry: &Registry, port: u16) -> Vec<Known> {
    let mut known: Vec<Known> = unofficial::uses(port)
        .map(|found| Known { transport: found.transport, port, who: found.who.to_owned() })
        .collect();
    if registry.state(Transport::Tcp, port) == State::Unassigned {
        let who = match unofficial::in_default_nmap_scan(port) {
            true => "nmap scans it by default (it is in the top 1000)",
            false => "nmap scans it when told to (-p1-1023), not by default",
        };
        known.push(Known { transport: Some(Transport::Tcp), port, who: who.to_owned() });
    }
    known
}
