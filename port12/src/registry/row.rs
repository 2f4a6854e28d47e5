//! One row of the registry.

use port12_common::{RegistryRows, Transport, abi::PORTS};

use serde::{Deserialize, Serialize};

use super::{Date, Fault};

/// What the registry says about a port (RFC 6335 section 6). A port with several rows has the
/// greatest of their states.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Available for assignment upon request.
    Unassigned,
    /// Not available for regular assignment.
    Reserved,
    /// Assigned to a service, or to an unnamed use such as "any private mail system".
    Assigned,
}

impl State {
    /// The name in reports and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Reserved => "reserved",
            Self::Assigned => "assigned",
        }
    }

    /// The state that a row of the official file stands for. IANA has no column for it: rows
    /// without a service say it in their description.
    pub(super) fn of(service: &str, description: &str) -> Self {
        let starts = |word: &str| {
            description.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if !service.is_empty() {
            Self::Assigned
        } else if starts("unassigned") {
            Self::Unassigned
        } else if ["reserved", "de-registered", "removed"].into_iter().any(starts) {
            Self::Reserved
        } else {
            Self::Assigned
        }
    }
}

impl std::str::FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Unassigned, Self::Reserved, Self::Assigned]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// The transports a row applies to, of the four that IANA lists.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Transports(u8);

impl Transports {
    /// The transports that the registry knows. UDP-Lite shares UDP's ports (RFC 3828).
    pub const LISTED: [Transport; LISTED] = {
        let mut listed = [Transport::Tcp; LISTED];
        let mut index = 0;
        while index < Transport::ALL.len() {
            let transport = Transport::ALL[index];
            if !shares_rows(transport) {
                listed[listed_index(transport)] = transport;
            }
            index += 1;
        }
        listed
    };

    /// All four: what a row with a blank transport applies to.
    pub const ALL: Self = Self((1 << LISTED) - 1);

    /// One transport.
    pub fn only(transport: Transport) -> Self {
        Self(1 << listed_index(transport))
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a row applies to `transport`.
    pub fn contains(self, transport: Transport) -> bool {
        self.0 & Self::only(transport).0 != 0
    }

    /// Reads the official column: a name, or blank for all four.
    pub(super) fn parse_official(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::ALL);
        }
        Self::LISTED
            .into_iter()
            .find(|transport| transport.as_str().eq_ignore_ascii_case(text))
            .map(Self::only)
    }
}

/// Where the registry's table has a transport.
pub(super) const fn listed_index(transport: Transport) -> usize {
    let with_rows = match transport.info().registry {
        RegistryRows::Shared { with, .. } => with,
        RegistryRows::Own | RegistryRows::Few => transport,
    };
    listed_before(with_rows as usize)
}

/// Number of transports with rows.
const LISTED: usize = listed_before(Transport::ALL.len());

/// Number of transports with rows among the first `count` of all.
const fn listed_before(count: usize) -> usize {
    let (mut listed, mut index) = (0, 0);
    while index < count {
        listed += !shares_rows(Transport::ALL[index]) as usize;
        index += 1;
    }
    listed
}

const fn shares_rows(transport: Transport) -> bool {
    matches!(transport.info().registry, RegistryRows::Shared { .. })
}

/// The ports of a row, cut at 1023.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ports {
    /// The first port.
    pub first: u16,
    /// The last port; the same as `first` for most rows.
    pub last: u16,
}

impl Ports {
    /// Reads `n` or `a-b`. `None` where no well-known port is among them.
    pub(super) fn parse(text: &str, line: u64) -> Result<Option<Self>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u16>().ok(),
            false => None,
        };
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok((usize::from(first) < PORTS)
                .then(|| Self { first, last: last.min(PORTS as u16 - 1) })),
            _ => Err(Fault::Ports { line, text: Fault::excerpt(text) }),
        }
    }

    /// Whether `port` is one of them.
    pub const fn contains(&self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.first == self.last {
            true => write!(formatter, "{}", self.first),
            false => write!(formatter, "{}-{}", self.first, self.last),
        }
    }
}

/// Record of the registry about some ports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The ports.
    pub ports: Ports,
    /// The transports.
    pub transports: Transports,
    /// The state that this row alone stands for.
    pub state: State,
    /// The service name; empty where there is none.
    pub service: String,
    /// The description, in one line.
    pub description: String,
    /// Reported unauthorized use and IANA's assignment notes, in one line.
    pub note: String,
    /// When it was registered, as the registry has it: `YYYY-MM-DD` or `YYYY-MM`; mostly empty.
    pub registered: String,
    /// When it was last modified, in the same way.
    pub modified: String,
}

impl Row {
    /// Whether the row speaks of that port on that transport.
    pub fn covers(&self, transport: Transport, port: u16) -> bool {
        self.ports.contains(port) && self.transports.contains(transport)
    }
}

/// A date as the registry has it, to the day or to the month; empty where it is none.
pub(super) fn dated(text: &str) -> String {
    let text = text.trim();
    let is_day = Date::parse(text).is_some();
    let is_month = text.len() == 7 && Date::parse(&format!("{text}-01")).is_some();
    if is_day || is_month { text.to_owned() } else { String::new() }
}

/// A field in one line: line breaks and control characters, which a terminal might obey, become
/// single spaces.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_an_unnamed_row_says_its_state() {
        assert_eq!(State::of("", "Unassigned [was netstat]"), State::Unassigned);
        assert_eq!(State::of("", "unassigned"), State::Unassigned);
        assert_eq!(State::of("", "Reserved"), State::Reserved);
        assert_eq!(State::of("", "De-registered"), State::Reserved);
        assert_eq!(State::of("", "Removed"), State::Reserved);
    }

    #[test]
    fn an_unnamed_private_use_is_assigned() {
        for text in ["any private mail system", "Possibly used by Sun Solaris????", "", "éé"] {
            assert_eq!(State::of("", text), State::Assigned, "{text}");
        }
    }

    #[test]
    fn a_named_row_is_assigned_whatever_its_description() {
        assert_eq!(State::of("ftp", "Reserved"), State::Assigned);
    }

    #[test]
    fn a_range_is_cut_at_1023() {
        let ports = Ports::parse("1011-1030", 1).unwrap().unwrap();
        assert_eq!(ports, Ports { first: 1011, last: 1023 });
        assert_eq!(Ports::parse("1024", 1).unwrap(), None);
        assert_eq!(Ports::parse("", 1).unwrap(), None);
    }

    #[test]
    fn what_is_not_a_port_is_refused() {
        for text in ["abc", "5-2", "-", "1-", "-1", "+1", "65536", "1-2-3", "1 2", "٣"] {
            assert!(Ports::parse(text, 1).is_err(), "{text}");
        }
    }

    #[test]
    fn udp_lite_shares_the_rows_of_udp() {
        assert!(Transports::only(Transport::Udp).contains(Transport::UdpLite));
        assert!(!Transports::only(Transport::Tcp).contains(Transport::UdpLite));
    }

    #[test]
    fn a_date_is_kept_to_the_day_or_to_the_month() {
        for text in ["2025-02-13", "2007-06", ""] {
            assert_eq!(dated(text), text);
        }
        assert_eq!(dated(" 2007-06 "), "2007-06");
        for text in ["2007", "2007-13", "June 2004", "2007-06-1", "2007-06\u{1b}"] {
            assert_eq!(dated(text), "", "{text}");
        }
    }

    #[test]
    fn control_characters_do_not_survive_into_a_line() {
        assert_eq!(one_line(" a\r\n\n b\u{1b}[31m\t"), "a b [31m");
    }
}
