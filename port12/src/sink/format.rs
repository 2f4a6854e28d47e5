//! The form in which a sink writes.

mod encode;
mod eve;
mod flow;
mod human;
mod journald;
mod pcapng;
mod ports;
mod portsentry;
mod syslog;
mod text;
mod words;

#[cfg(test)]
mod tests;

use super::{Form, SinkSpec};
use crate::{
    event::Event, listeners::Notice, outbound::Started, scan::Alert, text::Printable,
    too_deep::TooDeepAlert,
};

/// A form. What it writes for a record is whole: a line with its end, blocks, a datagram.
pub trait Format: Send {
    /// What a reader has to see first: it goes before the first record at each opening of the target,
    /// which may hold earlier records.
    fn begin(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// An event.
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);

    /// An alert. A form without alerts writes nothing.
    fn alert(&mut self, alert: &Alert, out: &mut Vec<u8>);

    /// A listener, or a knock that has reached one. A form without alerts writes nothing.
    fn notice(&mut self, notice: &Notice, out: &mut Vec<u8>);

    /// A conversation that this host has started. A form without alerts writes nothing.
    fn started(&mut self, started: &Started, out: &mut Vec<u8>);

    /// Packets with too many headers. A format without alerts writes nothing.
    fn too_deep(&mut self, alert: &TooDeepAlert, out: &mut Vec<u8>);
}

/// An alert as a line for people, without a line end.
pub fn alert_line(alert: &Alert) -> String {
    Printable(text::alert(alert)).to_string()
}

/// A notice as a line for people, without a line end.
pub fn notice_line(notice: &Notice) -> String {
    Printable(text::notice(notice)).to_string()
}

/// A conversation that this host has started as a line for people, without a line end.
pub fn started_line(started: &Started) -> String {
    Printable(text::started(started)).to_string()
}

/// An alert on packets with too many headers as a line for people, without a line end.
pub fn too_deep_line(alert: &TooDeepAlert) -> String {
    Printable(text::too_deep(alert)).to_string()
}

/// The form that a sink is to have.
pub(super) fn of(spec: &SinkSpec) -> Box<dyn Format> {
    match spec.form {
        Form::Human => Box::new(human::Human),
        Form::Eve => Box::new(eve::Eve::new()),
        Form::Portsentry => Box::new(portsentry::Portsentry),
        Form::Pcapng => Box::new(pcapng::Pcapng::default()),
        Form::Syslog => Box::new(syslog::Syslog::new()),
        Form::Journald => Box::new(journald::Journald),
    }
}
