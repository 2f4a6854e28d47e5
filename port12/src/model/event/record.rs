//! A record: an event, and where it comes from.

use super::{Event, Probe};

/// An event, and the facts that all records have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The event.
    pub event: Event,
}

impl Event {
    /// The probe that it is, if it is one.
    pub fn probe(&self) -> Option<&Probe> {
        if let Self::Probe(probe) = self { Some(probe) } else { None }
    }
}

impl<T: Into<Event>> From<T> for Record {
    fn from(event: T) -> Self {
        Self { event: event.into() }
    }
}
