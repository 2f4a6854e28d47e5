//! A record: an event, and where it comes from.

use std::net::IpAddr;

use super::{Event, Probe};

/// An event, and the facts that all records have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The event.
    pub event: Event,
}

/// Facts that tie an event to others.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subject<'a> {
    /// Interface.
    pub interface: Option<&'a str>,
    /// Source of the received packets that it is about.
    pub source: Option<IpAddr>,
    /// Destination of the outbound packet that it is about.
    pub destination: Option<IpAddr>,
    /// Text that the events of one alert share; `None` if an event is an alert of its own.
    pub alert: Option<String>,
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
