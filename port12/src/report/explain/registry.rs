//! Published facts about a port.

use port12_common::{RegistryRows, Transport};

use crate::{
    explain::{Entry, Listing, Published},
    registry::State,
    text::{
        shorten::clip,
        words::capitalized,
        wrap::{WIDTH, hang},
    },
};

pub(super) fn render(published: &Published) -> String {
    if !published.well_known {
        return hang(
            "",
            &format!(
                "Port {} is not a well-known port: these are 0 to 1023 (RFC 6335 section 6), and \
                 port12 watches no other.",
                published.port
            ),
        );
    }
    let mut text = format!("Port {}\n\n", published.port);
    states(&mut text, &published.states);
    for meaning in &published.meanings {
        text.push('\n');
        text.push_str(&hang(&format!("{}: ", capitalized(meaning.state.as_str())), &meaning.text));
    }
    neighbours(&mut text, published);
    if !published.unofficial.is_empty() {
        text.push_str("\nKnown users and visitors, none of them IANA's\n");
        for known in &published.unofficial {
            let head = format!("  {:7}  ", known.transport.map_or("-", Transport::as_str));
            text.push_str(&hang(&head, &known.who));
        }
    }
    if !published.remarks.is_empty() {
        text.push_str("\nHistory\n");
        for remark in &published.remarks {
            text.push_str(&hang("  ", remark));
        }
    }
    text.push('\n');
    text.push_str(&hang("Registry: ", &published.registry.to_string()));
    text
}

fn states(text: &mut String, states: &[Listing]) {
    text.push_str("  transport  state       watched  what the registry says\n");
    for listing in states {
        let watched = if listing.watched { "yes" } else { "no" };
        let head =
            format!("  {:9}  {:10}  {watched:7}  ", listing.id.transport, listing.state.as_str());
        let blank = " ".repeat(head.len());
        for (index, line) in said(listing).iter().enumerate() {
            text.push_str(&hang(if index == 0 { &head } else { &blank }, line));
        }
    }
    if states.iter().any(|listing| listing.state == State::Unassigned && !listing.watched) {
        text.push_str(
            "  SCTP and DCCP are watched where a port is unassigned on every transport.\n",
        );
    }
}

fn said(listing: &Listing) -> Vec<String> {
    if let RegistryRows::Shared { with, source } = listing.id.transport.info().registry {
        return vec![format!("(shares {}'s ports: {source})", with.info().proto)];
    }
    match listing.rows.as_slice() {
        [] => vec!["(no row)".to_owned()],
        rows => rows.iter().map(sentence).collect(),
    }
}

/// Longer notes are for the JSON: those of http alone fill a screen.
const NOTE: usize = 120;

/// A row: `http: World Wide Web HTTP (note; registered 2014-07-25)`.
fn sentence(entry: &Entry) -> String {
    let mut remarks = Vec::new();
    if !entry.note.is_empty() {
        remarks.push(clip(&entry.note, NOTE));
    }
    let dates = [("registered", &entry.registered), ("modified", &entry.modified)];
    let known = dates.into_iter().filter_map(|(what, date)| Some((what, date.as_ref()?)));
    remarks.extend(known.map(|(what, date)| format!("{what} {date}")));
    match remarks.as_slice() {
        [] => brief(entry),
        remarks => format!("{} ({})", brief(entry), remarks.join("; ")),
    }
}

fn brief(entry: &Entry) -> String {
    match (entry.service.is_empty(), entry.description.is_empty()) {
        (true, _) => entry.description.clone(),
        (false, true) => entry.service.clone(),
        (false, false) => format!("{}: {}", entry.service, entry.description),
    }
}

fn neighbours(text: &mut String, published: &Published) {
    text.push_str("\nNeighbours\n");
    for listings in published.neighbours.chunk_by(|one, other| one.id.port == other.id.port) {
        for (transports, said) in grouped(listings) {
            let Some(first) = listings.first() else { continue };
            let mark = if first.id.port == published.port { '>' } else { ' ' };
            let transports = match transports.len() == listings.len() {
                true => "all".to_owned(),
                false => transports.join("+"),
            };
            let head = format!("{mark} {:>4}  {transports:8}  ", first.id.port);
            text.push_str(&head);
            text.push_str(&clip(&said, WIDTH.saturating_sub(head.len())));
            text.push('\n');
        }
    }
}

/// What is said of a port, with the transports it is said of. SCTP and DCCP are left out where
/// they have no row.
fn grouped(listings: &[Listing]) -> Vec<(Vec<&'static str>, String)> {
    let mut groups: Vec<(Vec<&'static str>, String)> = Vec::new();
    for listing in listings {
        let said = match listing.rows.as_slice() {
            [] if listing.id.transport.info().registry == RegistryRows::Own => {
                format!("{} (no row)", capitalized(listing.state.as_str()))
            }
            [] => continue,
            rows => rows.iter().map(brief).collect::<Vec<_>>().join(" | "),
        };
        match groups.iter_mut().find(|(_, known)| *known == said) {
            Some((transports, _)) => transports.push(listing.id.transport.as_str()),
            None => groups.push((vec![listing.id.transport.as_str()], said)),
        }
    }
    groups
}
