//! Formats of records. A format writes the fields that an event has, and does not know the kinds of events.

mod encode;
mod eve;
mod flow;
mod human;
mod journald;
mod pcapng;
mod portsentry;
mod syslog;

#[cfg(test)]
mod tests;

use super::Form;
use crate::{
    model::event::{Event, Record},
    text::Printable,
};

/// A format. Its output for a record is whole: a line with its end, blocks, a datagram.
pub trait Format: Send {
    /// Writes a prologue for readers, before the first record at each opening of the target, which may hold earlier
    /// records.
    fn begin(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// Writes a record. A format that has none of the kind writes nothing.
    fn write(&mut self, record: &Record, out: &mut Vec<u8>);
}

/// Line about an event, for people, without the time and a line end.
pub fn line(event: &Event) -> String {
    Printable(event.line()).to_string()
}

/// Format of that name.
pub fn of(form: Form) -> Box<dyn Format> {
    match form {
        Form::Human => Box::new(human::Human),
        Form::Eve => Box::new(eve::Eve::new()),
        Form::Portsentry => Box::new(portsentry::Portsentry),
        Form::Pcapng => Box::new(pcapng::Pcapng::default()),
        Form::Syslog => Box::new(syslog::Syslog::new()),
        Form::Journald => Box::new(journald::Journald),
    }
}
