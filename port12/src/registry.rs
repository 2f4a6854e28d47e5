//! IANA's registry of well-known ports: what is assigned, what is reserved, and what is watched.
//!
//! Port12 carries a table of its own ([`Registry::embedded`]) and reads a fresher official file,
//! CSV or XML, at run time ([`Registry::read`]).

mod change;
mod compact;
mod date;
mod error;
pub mod history;
mod official;
mod port_set;
mod row;
mod rust_source;
mod sanity;
pub mod unofficial;

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use port12_common::{RegistryRows, Transport, abi::PORTS};

pub use change::{Change, changes};
pub use date::{Date, Edition};
pub use error::{Fault, RegistryError};
pub use port_set::PortSet;
pub use row::{Ports, Row, State, Transports};

use crate::{
    model::RegistryId,
    trusted_path::{self, PathError},
};

/// Files above this size are refused. The official ones have 1 and 4 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// Files with more rows about well-known ports are refused. The official ones have 1,545.
const MAX_ROWS: usize = 1 << 16;

/// IANA's registry of the ports 0 to 1023.
#[derive(Clone, Debug)]
pub struct Registry {
    edition: Edition,
    source: Source,
    rows: Vec<Row>,
    states: Vec<[State; Transports::LISTED.len()]>,
    warnings: Vec<Warning>,
}

/// Where a registry was read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The table that port12 carries.
    Embedded,
    /// An official file.
    File(PathBuf),
}

impl fmt::Display for Source {
    /// `embedded`, or the path.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => formatter.write_str("embedded"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl From<&Registry> for RegistryId {
    fn from(registry: &Registry) -> Self {
        Self {
            date: registry.edition().date().to_string(),
            date_is_floor: registry.edition().is_floor(),
            source: registry.source().to_string(),
        }
    }
}

/// Warning about a registry that was accepted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Warning {
    /// No row is about these ports; they count as unassigned.
    #[error("the registry has no row about the ports {0}, which makes them unassigned")]
    Uncovered(PortSet),
    /// A row about a transport that port12 does not know; it was left out.
    #[error("line {line} of the registry is about the unknown transport {name}; it is left out")]
    Transport {
        /// Where the record starts.
        line: u64,
        /// Present text, quoted.
        name: String,
    },
}

impl Registry {
    /// The table that port12 carries.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Registry> = LazyLock::new(|| {
            Registry::from_compact(include_str!("../data/wellknown.csv"))
                .unwrap_or_else(|fault| unreachable!("a test reads the embedded table: {fault}"))
        });
        &EMBEDDED
    }

    /// The registry of a file, or the embedded one. Oddities of a file go to the log.
    ///
    /// # Errors
    ///
    /// [`RegistryError`], as [`read`](Self::read).
    pub fn load(path: Option<&Path>) -> Result<Cow<'static, Self>, RegistryError> {
        let Some(path) = path else {
            return Ok(Cow::Borrowed(Self::embedded()));
        };
        let registry = Self::read(path)?;
        for warning in registry.warnings() {
            log::warn!("{}: {warning}", path.display());
        }
        Ok(Cow::Owned(registry))
    }

    /// Reads an official file, CSV or XML.
    ///
    /// # Errors
    ///
    /// [`RegistryError`]: it cannot be read, is larger than 64 MiB, or is not the official file or
    /// not all of it.
    pub fn read(path: &Path) -> Result<Self, RegistryError> {
        let path = path.to_owned();
        match trusted_path::read(&path, MAX_BYTES) {
            Ok(bytes) => Self::parse(&path, &bytes),
            Err(PathError::TooLarge { .. }) => {
                Err(RegistryError::Refused { path, fault: Fault::TooLarge })
            }
            Err(error) => Err(RegistryError::Read { path, cause: error.into() }),
        }
    }

    /// Reads the content of an official file. The path is for messages.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Refused`], as [`read`](Self::read).
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, RegistryError> {
        Self::official(Source::File(path.to_owned()), bytes)
            .map_err(|fault| RegistryError::Refused { path: path.to_owned(), fault })
    }

    fn official(source: Source, bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        let records = official::parse(bytes)?;
        sanity::check_rows(&records.rows)?;
        let mut registry = Self::new(records.edition, source, compact::merged(records.rows));
        registry.warnings = records.warnings;
        registry.warnings.extend(sanity::uncovered(&registry.rows));
        sanity::check_states(&registry)?;
        Ok(registry)
    }

    fn new(edition: Edition, source: Source, rows: Vec<Row>) -> Self {
        let mut states = vec![[State::Unassigned; Transports::LISTED.len()]; PORTS];
        for row in &rows {
            let ports = usize::from(row.ports.first)..=usize::from(row.ports.last);
            for of_port in states.get_mut(ports).unwrap_or_default() {
                for (state, transport) in of_port.iter_mut().zip(Transports::LISTED) {
                    if row.transports.contains(transport) {
                        *state = row.state.max(*state);
                    }
                }
            }
        }
        // RFC 6335 section 6: the edges of a range are reserved, on every transport, row or not.
        for edge in [0, PORTS - 1] {
            states[edge] = states[edge].map(|state| state.max(State::Reserved));
        }
        Self { edition, source, rows, states, warnings: Vec::new() }
    }

    /// The registry's date.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// Where it was read from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Warnings.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The state of a port. UDP-Lite has UDP's; ports above 1023 count as assigned, since nothing
    /// is known of them here.
    pub fn state(&self, transport: Transport, port: u16) -> State {
        match self.states.get(usize::from(port)) {
            Some(states) => states[row::listed_index(transport)],
            None => State::Assigned,
        }
    }

    /// The rows about a port, in the registry's order. There may be none, and there may be several:
    /// 80/tcp is http, www and www-http.
    pub fn rows(&self, transport: Transport, port: u16) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.covers(transport, port))
    }

    /// The ports on which a conversation start is a probe. SCTP and DCCP have next to no rows, so
    /// there it is the numbers that are unassigned on all four transports.
    pub fn watched(&self, transport: Transport) -> PortSet {
        let watched = |port: &u16| match transport.info().registry {
            RegistryRows::Own | RegistryRows::Shared { .. } => {
                self.state(transport, *port) == State::Unassigned
            }
            RegistryRows::Few => Transports::LISTED
                .into_iter()
                .all(|listed| self.state(listed, *port) == State::Unassigned),
        };
        (0..PORTS as u16).filter(watched).collect()
    }

    /// The ports that are neither watched nor assigned, on any transport where that counts.
    pub fn reserved(&self, transport: Transport) -> PortSet {
        let reserved = |port: &u16| match transport.info().registry {
            RegistryRows::Own | RegistryRows::Shared { .. } => {
                self.state(transport, *port) == State::Reserved
            }
            RegistryRows::Few => Transports::LISTED
                .into_iter()
                .all(|listed| self.state(listed, *port) != State::Assigned),
        };
        let ports: PortSet = (0..PORTS as u16).filter(reserved).collect();
        ports.without(&self.watched(transport))
    }

    /// The watched ports of every transport, in the order of [`Transport`]: the kernel's layout.
    pub fn bits(&self) -> [[u64; PORTS / 64]; Transport::ALL.len()] {
        Transport::ALL.map(|transport| *self.watched(transport).bits())
    }
}

#[cfg(test)]
mod tests;
