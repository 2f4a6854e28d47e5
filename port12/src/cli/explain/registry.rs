//! What the registry, and whoever else publishes about ports, says of one.

use std::collections::BTreeSet;

use port12_common::{Transport, abi::PORTS};
use serde::Serialize;

use crate::{
    cli::registry::Origin,
    registry::{PortSet, Registry, State, Transports, history, unofficial},
};

const LAST: u16 = PORTS as u16 - 1;

/// What is published about a port.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Published {
    pub(super) port: u16,
    pub(super) well_known: bool,
    pub(super) registry: Origin,
    pub(super) states: Vec<Listing>,
    pub(super) meanings: Vec<Meaning>,
    pub(super) neighbours: Vec<Listing>,
    pub(super) unofficial: Vec<Known>,
    pub(super) remarks: Vec<&'static str>,
}

/// What the registry says about a port on a transport.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Listing {
    pub(super) transport: &'static str,
    pub(super) port: u16,
    pub(super) state: &'static str,
    pub(super) watched: bool,
    pub(super) rows: Vec<Entry>,
}

/// A row.
#[derive(Clone, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Entry {
    pub(super) service: String,
    pub(super) description: String,
    pub(super) note: String,
    /// `YYYY-MM-DD` or `YYYY-MM`; null where the registry has no date.
    pub(super) registered: Option<String>,
    pub(super) modified: Option<String>,
}

/// What a state means.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Meaning {
    pub(super) state: &'static str,
    pub(super) text: &'static str,
}

/// A use that is not IANA's. Without a transport it is known for the number only.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Known {
    pub(super) transport: Option<&'static str>,
    pub(super) port: u16,
    pub(super) who: &'static str,
}

impl Published {
    pub(super) fn new(registry: &Registry, port: u16) -> Self {
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
            remarks: history::remarks(port).to_vec(),
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
            transport: transport.as_str(),
            port,
            state: self.registry.state(transport, port).as_str(),
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
        matches!(transport, Transport::Tcp | Transport::Udp)
            || registry.rows(*transport, port).next().is_some()
    };
    let listed = Transports::LISTED.into_iter().filter(counts);
    let states: BTreeSet<State> = listed.map(|one| registry.state(one, port)).collect();
    states
        .into_iter()
        .map(|state| Meaning { state: state.as_str(), text: meaning(state) })
        .collect()
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
        .map(|found| Known {
            transport: found.transport.map(Transport::as_str),
            port,
            who: found.who,
        })
        .collect();
    if registry.state(Transport::Tcp, port) == State::Unassigned {
        let who = match unofficial::in_default_nmap_scan(port) {
            true => "nmap scans it by default (it is in the top 1000)",
            false => "nmap scans it when told to (-p1-1023), not by default",
        };
        known.push(Known { transport: Some(Transport::Tcp.as_str()), port, who });
    }
    known
}
