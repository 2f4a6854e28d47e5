//! Files in IANA's formats, written from the embedded table.

use std::path::Path;

use crate::registry::{Fault, Registry, RegistryError, Transports};

pub(super) const DATE: &str = "2026-08-17";

const HEADER: &str = "Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,\
Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,\
Assignment Notes";

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) service: String,
    pub(super) ports: String,
    pub(super) transport: &'static str,
    pub(super) description: String,
    pub(super) note: String,
    pub(super) registered: String,
    pub(super) modified: String,
}

pub(super) fn line(service: &str, ports: &str, transport: &'static str, description: &str) -> Line {
    Line {
        service: service.into(),
        ports: ports.into(),
        transport,
        description: description.into(),
        note: String::new(),
        registered: String::new(),
        modified: String::new(),
    }
}

/// The lines of an official file: a transport each, or a blank for all four.
pub(super) fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for row in &Registry::embedded().rows {
        let blank = row.transports == Transports::ALL && row.service.is_empty();
        let named = Transports::LISTED.into_iter().filter(|one| row.transports.contains(*one));
        let transports = if blank { vec![""] } else { named.map(|one| one.as_str()).collect() };
        lines.extend(transports.into_iter().map(|transport| Line {
            note: row.note.clone(),
            registered: row.registered.clone(),
            modified: row.modified.clone(),
            ..line(&row.service, &row.ports.to_string(), transport, &row.description)
        }));
    }
    lines
}

/// The lines without those about a port.
pub(super) fn without(port: &str) -> Vec<Line> {
    lines().into_iter().filter(|line| line.ports != port).collect()
}

pub(super) fn csv(lines: &[Line]) -> String {
    let mut text = format!("{HEADER}\n");
    for line in lines {
        let quoted = |field: &str| format!("\"{}\"", field.replace('"', "\"\""));
        text.push_str(&format!(
            "{},{},{},{},,,{},{},,,,{}\n",
            quoted(&line.service),
            line.ports,
            line.transport,
            quoted(&line.description),
            line.registered,
            line.modified,
            quoted(&line.note),
        ));
    }
    // A row that is about no well-known port has the date.
    text.push_str(&format!("new,1024,tcp,New,,,2007-06,{DATE},,,,\"\"\n"));
    text
}

pub(super) fn xml(lines: &[Line]) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "<br/>");
    let mut text = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <registry xmlns=\"http://www.iana.org/assignments\" id=\"service-names-port-numbers\">\n\
         <title>Service Name Registry</title>\n<updated>{DATE}</updated>\n\
         <note>About <xref type=\"rfc\" data=\"rfc6335\"/></note>\n"
    );
    for line in lines {
        text.push_str("<record");
        for (name, date) in [("date", &line.registered), ("updated", &line.modified)] {
            if !date.is_empty() {
                text.push_str(&format!(" {name}=\"{date}\""));
            }
        }
        text.push_str(">\n");
        for (tag, field) in [
            ("name", line.service.as_str()),
            ("protocol", line.transport),
            ("description", &line.description),
            ("number", &line.ports),
            ("note", &line.note),
        ] {
            if !field.is_empty() {
                text.push_str(&format!("  <{tag}>{}</{tag}>\n", escaped(field)));
            }
        }
        text.push_str("</record>\n");
    }
    text.push_str("<people/>\n</registry>\n");
    text
}

pub(super) fn parse(text: impl AsRef<[u8]>) -> Result<Registry, RegistryError> {
    Registry::parse(Path::new("ports.csv"), text.as_ref())
}

pub(super) fn fault(text: impl AsRef<[u8]>) -> Fault {
    match parse(text).unwrap_err() {
        RegistryError::Refused { fault, .. } => fault,
        error @ RegistryError::Read { .. } => panic!("{error}"),
    }
}
