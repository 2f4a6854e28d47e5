//! An entry of the journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram
//! of fields, `NAME=value`.

use super::{
    Format,
    encode::{journal_field, text},
    syslog,
};
use crate::{model::event::Record, text::time};

pub(super) struct Journald;

impl Format for Journald {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let description = record.describe();
        let signature = description.signature;
        journal_field("MESSAGE", &record.event.line(), out);
        journal_field("MESSAGE_ID", signature.message_id, out);
        journal_field("PRIORITY", &description.urgency.to_string(), out);
        journal_field("SYSLOG_FACILITY", &syslog::DAEMON.to_string(), out);
        journal_field("SYSLOG_IDENTIFIER", "port12", out);
        journal_field("PORT12_RECORD", signature.kind, out);
        journal_field("PORT12_SIGNATURE_ID", &signature.id.to_string(), out);
        journal_field("PORT12_SEVERITY", &description.severity.number().to_string(), out);
        journal_field("PORT12_TIME", &time::rfc3339_micros(description.time), out);
        let fields = description.fields.known().chain(description.record.known());
        for field in fields.filter(|field| field.in_journal) {
            let name = format!("PORT12_{}", field.name.to_ascii_uppercase());
            journal_field(&name, &text(&field.value), out);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
