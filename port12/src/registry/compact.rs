//! Port12's own table: the rows about well-known ports, one line each, without contacts.

use std::{collections::HashMap, fmt::Write as _};

use super::{Edition, Fault, Ports, Registry, Row, Source, State, Transports, sanity};

const DATE: &str = "# date: ";
const COLUMNS: &str = "ports,transports,state,service,description,note,registered,modified";

impl Registry {
    /// Reads a compact table.
    ///
    /// # Errors
    ///
    /// [`Fault`]: where it is damaged.
    pub fn from_compact(text: &str) -> Result<Self, Fault> {
        let edition = text
            .lines()
            .find_map(|line| Edition::parse(line.strip_prefix(DATE)?))
            .ok_or(Fault::NoDate)?;
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|_| Fault::Quotes)?;
            rows.push(row(&record)?);
        }
        let registry = Self::new(edition, Source::Embedded, rows);
        sanity::check_states(&registry)?;
        Ok(registry)
    }

    /// Writes the compact table: what [`from_compact`](Self::from_compact) reads.
    pub fn to_compact(&self) -> String {
        let mut text = format!(
            "# IANA's Service Name and Transport Protocol Port Number Registry, ports 0 to 1023.\n\
             # source: https://www.iana.org/assignments/service-names-port-numbers/ (CC0 1.0)\n\
             {DATE}{}\n\
             # Written by `cargo xtask registry FILE`. No row: unassigned; 0 and 1023: reserved.\n\
             {COLUMNS}\n",
            self.edition()
        );
        for row in &self.rows {
            let transports = names(row.transports);
            let _ = write!(text, "{},{transports},{}", row.ports, row.state.as_str());
            for field in [&row.service, &row.description, &row.note, &row.registered, &row.modified]
            {
                text.push(',');
                push_field(&mut text, field);
            }
            text.push('\n');
        }
        text
    }
}

fn push_field(text: &mut String, field: &str) {
    if field.contains([',', '"']) {
        let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
    } else {
        text.push_str(field);
    }
}

fn names(transports: Transports) -> String {
    if transports == Transports::ALL {
        return "all".to_owned();
    }
    let listed = Transports::LISTED.into_iter().filter(|one| transports.contains(*one));
    listed.map(|transport| transport.as_str()).collect::<Vec<_>>().join("+")
}

fn row(record: &csv::StringRecord) -> Result<Row, Fault> {
    let line = record.position().map_or(0, csv::Position::line);
    let damaged = |reason| Fault::Compact { line, reason };
    let fields: Vec<&str> = record.iter().collect();
    let [ports, transports, state, service, description, note, registered, modified] = fields[..]
    else {
        return Err(damaged("a row has eight fields"));
    };
    Ok(Row {
        ports: Ports::parse(ports, line)?.ok_or(damaged("no well-known port"))?,
        transports: parse_names(transports).ok_or(damaged("unknown transport"))?,
        state: state.parse::<State>().map_err(|()| damaged("unknown state"))?,
        service: service.to_owned(),
        description: description.to_owned(),
        note: note.to_owned(),
        registered: registered.to_owned(),
        modified: modified.to_owned(),
    })
}

fn parse_names(text: &str) -> Option<Transports> {
    if text == "all" {
        return Some(Transports::ALL);
    }
    text.split('+')
        .map(|name| name.parse().ok().map(Transports::only))
        .try_fold(Transports::default(), |all, one| Some(all.union(one?)))
}

/// Rows that differ in nothing but the transport, as one. IANA has a row per transport, and TCP's
/// and UDP's are mostly the same.
pub(super) fn merged(rows: Vec<Row>) -> Vec<Row> {
    let mut places = HashMap::new();
    let mut merged: Vec<Row> = Vec::new();
    for row in rows {
        let text = (row.service.clone(), row.description.clone(), row.note.clone());
        let dates = (row.registered.clone(), row.modified.clone());
        let place = *places.entry((row.ports, row.state, text, dates)).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => known.transports = known.transports.union(row.transports),
            None => merged.push(row),
        }
    }
    merged
}
