//! What a registry must say before port12 believes it: a wrong table watches, and may drop, the
//! wrong ports.

use port12_common::{Transport, abi::PORTS};

use super::{Fault, PortSet, Registry, Row, State, Warning};

/// Rows of the official file that are about the ports 0 to 1023. There are 1,545.
pub(super) const MIN_ROWS: usize = 1500;

/// Checks the number of rows of an official file.
pub(super) fn check_rows(rows: &[Row]) -> Result<(), Fault> {
    match rows.len() < MIN_ROWS {
        true => Err(Fault::TooFewRows { found: rows.len(), least: MIN_ROWS }),
        false => Ok(()),
    }
}

/// Checks what the rows say together.
pub(super) fn check_states(registry: &Registry) -> Result<(), Fault> {
    for (port, transport) in [
        (22, Transport::Tcp),
        (53, Transport::Tcp),
        (53, Transport::Udp),
        (80, Transport::Tcp),
        (443, Transport::Tcp),
    ] {
        if registry.state(transport, port) != State::Assigned {
            return Err(Fault::NotAssigned { port, transport });
        }
    }
    for transport in [Transport::Tcp, Transport::Udp] {
        let listed = registry.rows(transport, 0).any(|row| row.state == State::Reserved);
        if !listed || registry.state(transport, 0) != State::Reserved {
            return Err(Fault::ZeroNotReserved { transport });
        }
    }
    Ok(())
}

/// The ports that no row is about, on any transport. IANA's file has none.
pub(super) fn uncovered(rows: &[Row]) -> Option<Warning> {
    let mut covered = [false; PORTS];
    for row in rows {
        let ports = usize::from(row.ports.first)..=usize::from(row.ports.last);
        covered.get_mut(ports).unwrap_or_default().fill(true);
    }
    let missing: PortSet = (0..PORTS as u16).filter(|port| !covered[usize::from(*port)]).collect();
    (!missing.is_empty()).then_some(Warning::Uncovered(missing))
}
