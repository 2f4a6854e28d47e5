//! A described event: the parts that formats write.

use std::{fmt, net::IpAddr, time::SystemTime};

use port12_common::Transport;

use super::{Fields, Signature};

/// Severity, as Suricata has it: 1 is the highest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// A probe has connected to an unexpected listener.
    Critical,
    /// An unexpected listener, an outbound flow start, something that weakens port12.
    High,
    /// A scan.
    Medium,
    /// A single probe, the end of something.
    Low,
}

impl Severity {
    /// 1 to 4.
    pub const fn number(self) -> u8 {
        match self {
            Self::Critical => 1,
            Self::High => 2,
            Self::Medium => 3,
            Self::Low => 4,
        }
    }
}

/// Urgency of a log line (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Urgency {
    /// 2.
    Critical = 2,
    /// 4.
    Warning = 4,
    /// 5.
    Notice = 5,
    /// 6.
    Informational = 6,
}

/// Addresses and ports that an event is about. What it has none of is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tuple {
    /// Whether it is that of a received packet. Only then may a reader act upon the source.
    pub is_packet: bool,
    /// Interface.
    pub interface: Option<String>,
    /// VLAN ids, the outermost first.
    pub vlans: Vec<u16>,
    /// Transport.
    pub transport: Option<Transport>,
    /// Source.
    pub source: Option<IpAddr>,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination.
    pub destination: Option<IpAddr>,
    /// Destination port.
    pub port: Option<u16>,
}

impl Tuple {
    /// Tuple of an event that is about an interface.
    pub fn of_interface(interface: &str) -> Self {
        Self { interface: Some(interface.to_owned()), ..Self::default() }
    }
}

/// Facts that tie an event to others.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subject<'a> {
    /// Interface.
    pub interface: Option<&'a str>,
    /// Source of the received packets that it is about.
    pub source: Option<IpAddr>,
    /// Destination of the outbound packet that it is about.
    pub destination: Option<IpAddr>,
    /// Text that the events of one alert share; `None` if an event is an alert of its own.
    pub alert: Option<String>,
}

/// An event, ready to be written in any format.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its kind.
    pub signature: &'static Signature,
    /// Time of the record.
    pub time: SystemTime,
    /// Severity.
    pub severity: Severity,
    /// Severity if the source is of an internal network; `None` if that is the same.
    pub severity_if_internal: Option<Severity>,
    /// Urgency as a log line.
    pub urgency: Urgency,
    /// Addresses and ports.
    pub tuple: Tuple,
    /// Whether the packets that it is about were dropped.
    pub is_dropped: bool,
    /// Facts.
    pub fields: Fields,
    /// Facts that all records have.
    pub record: Fields,
}

impl Description {
    /// Description with the defaults of a signature: nothing was dropped, there are no addresses and no facts.
    pub fn new(signature: &'static Signature, time: SystemTime) -> Self {
        let severity = signature.severity;
        Self {
            signature,
            time,
            severity,
            urgency: severity.into(),
            tuple: Tuple::default(),
            is_dropped: false,
            fields: Fields::default(),
            record: Fields::default(),
            severity_if_internal: None,
        }
    }

    /// The same with another severity.
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, urgency: severity.into(), ..self }
    }
}

impl From<Severity> for Urgency {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High | Severity::Medium => Self::Warning,
            Severity::Low => Self::Notice,
        }
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", *self as u8)
    }
}
