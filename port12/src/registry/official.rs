//! IANA's own file, as CSV or XML.

mod csv;
mod xml;

use super::{Edition, Fault, MAX_ROWS, Row, State, Warning, row};

/// The rows about well-known ports, as the file has them.
#[derive(Debug)]
pub(super) struct Records {
    /// In the order of the file.
    pub(super) rows: Vec<Row>,
    /// The date.
    pub(super) edition: Edition,
    /// Warnings about a file that is accepted.
    pub(super) warnings: Vec<Warning>,
}

/// Reads either format; the content tells which.
pub(super) fn parse(bytes: &[u8]) -> Result<Records, Fault> {
    let text = text(bytes)?;
    match text.trim_start().chars().next() {
        None => Err(Fault::Empty),
        Some('<') => xml::parse(text),
        Some(_) => csv::parse(text),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    if COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(Fault::Compressed);
    }
    let binary = |offset: usize| Fault::Binary { line: line_at(bytes, offset) };
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(binary(offset));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| binary(error.valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn line_at(bytes: &[u8], offset: usize) -> u64 {
    let newlines = bytes.iter().take(offset).filter(|byte| **byte == b'\n').count();
    newlines as u64 + 1
}

/// The fields of one record, as either format spells them.
struct Record<'a> {
    line: u64,
    ports: &'a str,
    transport: &'a str,
    service: &'a str,
    description: &'a str,
    unauthorized: &'a str,
    note: &'a str,
    registered: &'a str,
    modified: &'a str,
}

/// Gathers the records that are about well-known ports.
#[derive(Default)]
struct Gathering {
    rows: Vec<Row>,
    warnings: Vec<Warning>,
}

impl Gathering {
    fn add(&mut self, record: &Record<'_>) -> Result<(), Fault> {
        let Some(ports) = row::Ports::parse(record.ports.trim(), record.line)? else {
            return Ok(());
        };
        if self.rows.len() + self.warnings.len() >= MAX_ROWS {
            return Err(Fault::TooManyRows);
        }
        let Some(transports) = row::Transports::parse_official(record.transport.trim()) else {
            let name = Fault::excerpt(record.transport);
            self.warnings.push(Warning::Transport { line: record.line, name });
            return Ok(());
        };
        let service = row::one_line(record.service);
        let description = row::one_line(record.description);
        self.rows.push(Row {
            ports,
            transports,
            state: State::of(&service, &description),
            note: row::one_line(&format!("{} {}", record.unauthorized, record.note)),
            registered: row::dated(record.registered),
            modified: row::dated(record.modified),
            service,
            description,
        });
        Ok(())
    }

    fn finish(self, edition: Option<Edition>) -> Result<Records, Fault> {
        let edition = edition.ok_or(Fault::NoDate)?;
        Ok(Records { rows: self.rows, edition, warnings: self.warnings })
    }
}
