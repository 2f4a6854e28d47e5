//! The XML.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
};

use super::{Gathering, Record, Records};
use crate::registry::{Date, Edition, Fault, row::one_line};

/// IANA's file nests five deep.
const MAX_DEPTH: usize = 16;

/// Field that the text of an element belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Element {
    Registry,
    Updated,
    Record,
    Field(Field),
    /// Markup within a field: its text is the field's.
    Inline(Field),
    Other,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    Name,
    Number,
    Protocol,
    Description,
    Unauthorized,
    Note,
    /// The record's own, as the next.
    Registered,
    Modified,
}

const FIELDS: usize = 8;

pub(super) fn parse(text: &str) -> Result<Records, Fault> {
    let mut document = Document::new(text);
    loop {
        let before = document.reader.buffer_position();
        let event = match document.reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = document.reader.error_position();
                return Err(Fault::Xml { line: document.line(at), reason: brief(&error) });
            }
        };
        if event == Event::Eof {
            return document.finish();
        }
        document.handle(event, before)?;
    }
}

struct Document<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    lines: Lines,
    path: Vec<Element>,
    has_root: bool,
    edition: String,
    record_line: u64,
    fields: [String; FIELDS],
    gathering: Gathering,
}

impl<'a> Document<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            reader: Reader::from_str(text),
            lines: Lines::default(),
            path: Vec::new(),
            has_root: false,
            edition: String::new(),
            record_line: 0,
            fields: Default::default(),
            gathering: Gathering::default(),
        }
    }

    fn handle(&mut self, event: Event<'a>, offset: u64) -> Result<(), Fault> {
        match event {
            Event::Start(tag) => self.open(&tag, offset)?,
            Event::Empty(tag) => {
                self.open(&tag, offset)?;
                self.write(&stand_in(&tag));
                self.close()?;
            }
            Event::End(_) => self.close()?,
            Event::Text(text) => self.write(&text),
            Event::CData(text) => self.write(&text),
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(text) => self.write(&text),
                None => {
                    let name = Fault::excerpt(&reference);
                    return Err(self.fault(offset, format!("the entity {name} is unknown")));
                }
            },
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, tag: &BytesStart<'_>, offset: u64) -> Result<(), Fault> {
        let name = tag.local_name();
        let element = match self.path.last() {
            None if self.has_root => {
                return Err(self.fault(offset, "a second root element".to_owned()));
            }
            None => {
                self.has_root = true;
                check_root(tag)?;
                Element::Registry
            }
            Some(parent) => parent.child(name.as_ref()),
        };
        if self.path.len() == MAX_DEPTH {
            return Err(self.fault(offset, "elements are nested too deeply".to_owned()));
        }
        if element == Element::Record {
            self.record_line = self.line(offset);
            self.fields.iter_mut().for_each(String::clear);
            for (field, name) in [(Field::Registered, "date"), (Field::Modified, "updated")] {
                self.fields[field as usize] = attribute(tag, name).unwrap_or_default();
            }
        }
        self.path.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.path.pop() != Some(Element::Record) {
            return Ok(());
        }
        let field = |field: Field| self.fields[field as usize].as_str();
        self.gathering.add(&Record {
            line: self.record_line,
            service: field(Field::Name),
            ports: field(Field::Number),
            transport: field(Field::Protocol),
            description: field(Field::Description),
            unauthorized: field(Field::Unauthorized),
            note: field(Field::Note),
            registered: field(Field::Registered),
            modified: field(Field::Modified),
        })
    }

    fn write(&mut self, text: &str) {
        match self.path.last() {
            Some(Element::Updated) => self.edition.push_str(text),
            Some(Element::Field(field) | Element::Inline(field)) => {
                self.fields[*field as usize].push_str(text);
            }
            Some(Element::Registry | Element::Record | Element::Other) | None => {}
        }
    }

    fn finish(mut self) -> Result<Records, Fault> {
        if !self.path.is_empty() || !self.has_root {
            let end = self.text.len() as u64;
            return Err(self.fault(end, "the file is cut off".to_owned()));
        }
        let updated = Date::parse(self.edition.trim()).map(Edition::Updated);
        self.gathering.finish(updated)
    }

    fn line(&mut self, offset: u64) -> u64 {
        self.lines.at(self.text, offset)
    }

    fn fault(&mut self, offset: u64, reason: String) -> Fault {
        Fault::Xml { line: self.line(offset), reason }
    }
}

impl Element {
    fn child(self, name: &str) -> Self {
        match (self, name) {
            (Self::Registry, "updated") => Self::Updated,
            (Self::Registry, "record") => Self::Record,
            (Self::Record, "name") => Self::Field(Field::Name),
            (Self::Record, "number") => Self::Field(Field::Number),
            (Self::Record, "protocol") => Self::Field(Field::Protocol),
            (Self::Record, "description") => Self::Field(Field::Description),
            (Self::Record, "unauthorized") => Self::Field(Field::Unauthorized),
            (Self::Record, "note") => Self::Field(Field::Note),
            (Self::Field(field) | Self::Inline(field), _) => Self::Inline(field),
            (Self::Registry | Self::Updated | Self::Record | Self::Other, _) => Self::Other,
        }
    }
}

fn check_root(tag: &BytesStart<'_>) -> Result<(), Fault> {
    let name = tag.local_name();
    let id = attribute(tag, "id");
    if name.as_ref() == "registry" && id.as_deref() == Some("service-names-port-numbers") {
        return Ok(());
    }
    let root = match id {
        Some(id) => format!("<{}> {}", Fault::excerpt(name.as_ref()), Fault::excerpt(&id)),
        None => Fault::excerpt(name.as_ref()),
    };
    Err(Fault::Root { root })
}

/// What an element without content reads as: the text that the CSV has in its place.
fn stand_in(tag: &BytesStart<'_>) -> String {
    let data = || attribute(tag, "data").unwrap_or_default();
    match (tag.local_name().as_ref(), attribute(tag, "type").as_deref()) {
        ("br", _) => "\n".to_owned(),
        ("xref", Some("rfc")) => format!("[{}]", data().to_uppercase()),
        ("xref", _) => format!("[{}]", data()),
        _ => String::new(),
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    attribute.normalized_value(XmlVersion::Explicit1_0).ok().map(|value| value.into_owned())
}

/// The parser's message, which may quote the file at any length.
fn brief(error: &quick_xml::Error) -> String {
    one_line(&error.to_string()).chars().take(120).collect()
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => resolve_xml_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

/// Turns ascending offsets into line numbers, reading every byte once.
#[derive(Default)]
struct Lines {
    offset: usize,
    newlines: u64,
}

impl Lines {
    fn at(&mut self, text: &str, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        if let Some(passed) = text.as_bytes().get(self.offset..offset) {
            self.newlines += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.offset = offset;
        }
        self.newlines + 1
    }
}
