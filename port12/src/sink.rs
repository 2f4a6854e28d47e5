//! Where events and alerts go.
//!
//! [`Sinks`] is what a run holds: each of its sinks has a thread of its own behind a bounded queue, so
//! that whoever offers a record waits for no disk, no reader and no other sink.

mod counts;
mod error;
mod format;
mod outlet;
mod running;
mod set;
mod spec;
mod worker;

#[cfg(test)]
mod sample;

pub use counts::Counts;
pub use error::SinkError;
pub use format::{Format, alert_line, notice_line, started_line, too_deep_line};
pub use running::{QUEUE, Sink};
pub use set::Sinks;
pub use spec::{Form, Level, SinkSpec, SpecError, Target};

use crate::{
    event::Event, listeners::Notice, outbound::Started, scan::Alert, too_deep::TooDeepAlert,
};

/// Whether one of the sinks has standard output for itself.
pub fn has_stdout(specs: &[SinkSpec]) -> bool {
    specs.iter().any(|spec| spec.target == Target::Stdout)
}

/// What is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Record {
    /// A touch.
    Event(Box<Event>),
    /// A scan.
    Alert(Box<Alert>),
    /// A listener, or a knock that has reached one.
    Notice(Box<Notice>),
    /// A conversation that this host has started.
    Started(Box<Started>),
    /// Packets with too many headers.
    TooDeep(Box<TooDeepAlert>),
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        Self::Event(Box::new(event))
    }
}

impl From<Alert> for Record {
    fn from(alert: Alert) -> Self {
        Self::Alert(Box::new(alert))
    }
}

impl From<Notice> for Record {
    fn from(notice: Notice) -> Self {
        Self::Notice(Box::new(notice))
    }
}

impl From<TooDeepAlert> for Record {
    fn from(alert: TooDeepAlert) -> Self {
        Self::TooDeep(Box::new(alert))
    }
}

impl From<Started> for Record {
    fn from(started: Started) -> Self {
        Self::Started(Box::new(started))
    }
}
