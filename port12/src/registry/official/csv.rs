//! The CSV.

use super::{Gathering, Record, Records};
use crate::registry::{Date, Edition, Fault};

const HEADER: [&str; 12] = [
    "Service Name",
    "Port Number",
    "Transport Protocol",
    "Description",
    "Assignee",
    "Contact",
    "Registration Date",
    "Modification Date",
    "Reference",
    "Service Code",
    "Unauthorized Use Reported",
    "Assignment Notes",
];

pub(super) fn parse(text: &str) -> Result<Records, Fault> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut gathering = Gathering::default();
    let mut newest = None;
    let mut fields = csv::StringRecord::new();
    let mut is_header = true;
    while read(&mut reader, &mut fields)? {
        let line = fields.position().map_or(0, csv::Position::line);
        if is_header {
            check_header(&fields)?;
            is_header = false;
            continue;
        }
        let fields = twelve(&fields, line)?;
        newest = newest.max(Date::parse(fields[6])).max(Date::parse(fields[7]));
        gathering.add(&Record {
            line,
            service: fields[0],
            ports: fields[1],
            transport: fields[2],
            description: fields[3],
            unauthorized: fields[10],
            note: fields[11],
            registered: fields[6],
            modified: fields[7],
        })?;
    }
    check_quotes(text)?;
    gathering.finish(newest.map(Edition::AtLeast))
}

fn read(reader: &mut csv::Reader<&[u8]>, fields: &mut csv::StringRecord) -> Result<bool, Fault> {
    // The text is UTF-8, in memory, and of any number of fields: no error of the reader is left.
    reader.read_record(fields).map_err(|_| Fault::Quotes)
}

fn check_header(fields: &csv::StringRecord) -> Result<(), Fault> {
    for (index, expected) in HEADER.into_iter().enumerate() {
        let found = fields.get(index).unwrap_or_default();
        if found.trim() != expected {
            return Err(Fault::Header {
                column: index + 1,
                found: Fault::excerpt(found),
                expected,
            });
        }
    }
    twelve(fields, 1).map(|_| ())
}

fn twelve(fields: &csv::StringRecord, line: u64) -> Result<[&str; 12], Fault> {
    let mut found = [""; HEADER.len()];
    if fields.len() != found.len() {
        return Err(Fault::Fields { line, found: fields.len(), expected: found.len() });
    }
    for (slot, field) in found.iter_mut().zip(fields) {
        *slot = field;
    }
    Ok(found)
}

/// The reader takes the end of the file for the end of a quoted field. In RFC 4180 quotation marks
/// come in pairs, so an odd number of them tells that the file was cut inside of one.
fn check_quotes(text: &str) -> Result<(), Fault> {
    let quotes = text.bytes().filter(|byte| *byte == b'"').count();
    match quotes % 2 {
        0 => Ok(()),
        _ => Err(Fault::Quotes),
    }
}
