//! Specification of a sink: `KIND[/LEVEL]:TARGET`.

mod error;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::Record;

pub use error::SpecError;

/// Bytes of the path of a Unix socket at most, the zero at its end not counted (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

/// Names of standard output. Those in /dev and /proc are links to whatever is open there.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// A sink, as it is asked for. Its text form is read and written by [`FromStr`] and `Display`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SinkSpec {
    /// How it writes.
    pub form: Form,
    /// Format.
    pub level: Level,
    /// Where it writes.
    pub target: Target,
}

/// A form in which records are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Form {
    /// A line for people.
    Human,
    /// A line of Suricata's EVE JSON.
    Eve,
    /// A line like portsentry's.
    Portsentry,
    /// The frames, as a capture.
    Pcapng,
    /// A message to the local syslog.
    Syslog,
    /// A message with fields to the journal.
    Journald,
}

/// Which records are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Level {
    /// Every event and every alert.
    Events,
    /// Alerts alone.
    Alerts,
}

/// Where records are written.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Target {
    /// Standard output: `-`.
    Stdout,
    /// A file, or a named pipe.
    File(PathBuf),
    /// A Unix socket that another program listens on.
    Unix(PathBuf),
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 6] =
        [Self::Human, Self::Eve, Self::Portsentry, Self::Pcapng, Self::Syslog, Self::Journald];

    /// The name in a specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Eve => "eve",
            Self::Portsentry => "portsentry",
            Self::Pcapng => "pcapng",
            Self::Syslog => "syslog",
            Self::Journald => "journald",
        }
    }

    /// Default level.
    pub const fn default_level(self) -> Level {
        match self {
            Self::Eve | Self::Portsentry | Self::Pcapng => Level::Events,
            Self::Human | Self::Syslog | Self::Journald => Level::Alerts,
        }
    }

    /// Where it writes where nothing is said of it.
    fn default_target(self) -> Option<Target> {
        match self {
            Self::Syslog => Some(Target::Unix("/dev/log".into())),
            Self::Journald => Some(Target::Unix("/run/systemd/journal/socket".into())),
            Self::Human | Self::Eve | Self::Portsentry | Self::Pcapng => None,
        }
    }

    /// Whether each record is a datagram.
    pub(super) const fn is_datagram(self) -> bool {
        match self {
            Self::Syslog | Self::Journald => true,
            Self::Human | Self::Eve | Self::Portsentry | Self::Pcapng => false,
        }
    }

    /// Whether alerts are written, too.
    pub(super) const fn has_alerts(self) -> bool {
        self.why_no_alerts().is_none()
    }

    /// Why it has no alerts, where it has none.
    const fn why_no_alerts(self) -> Option<&'static str> {
        match self {
            Self::Portsentry => Some("its lines tell one touch each"),
            Self::Pcapng => Some("an alert is no frame"),
            Self::Human | Self::Eve | Self::Syslog | Self::Journald => None,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Level {
    /// `events` or `alerts`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Alerts => "alerts",
        }
    }
}

impl Target {
    /// The path, where it has one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) | Self::Unix(path) => Some(path),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => formatter.write_str("-"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

impl SinkSpec {
    /// The file in which EVE records are kept, where it is such a sink.
    pub fn eve_file(&self) -> Option<&Path> {
        match (&self.form, &self.target) {
            (Form::Eve, Target::File(path)) => Some(path),
            _ => None,
        }
    }

    /// Whether a record is one that this sink writes.
    pub fn takes(&self, record: &Record) -> bool {
        match record.event.probe() {
            None => self.form.has_alerts(),
            Some(probe) => {
                self.level == Level::Events
                    && (self.form != Form::Portsentry || probe.transport.info().in_portsentry)
            }
        }
    }
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.form)?;
        if self.level != self.form.default_level() {
            write!(formatter, "/{}", self.level.as_str())?;
        }
        match &self.target {
            target if self.form.default_target().as_ref() == Some(target) => Ok(()),
            // Without its scheme, unless that would mean something else.
            Target::Unix(path)
                if self.form.is_datagram()
                    && path.as_os_str() != "-"
                    && !path.as_os_str().as_encoded_bytes().starts_with(b"unix:") =>
            {
                write!(formatter, ":{}", path.display())
            }
            target => write!(formatter, ":{target}"),
        }
    }
}

impl FromStr for SinkSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let (what, target) = match text.split_once(':') {
            Some((what, target)) => (what, Some(target)),
            None => (text, None),
        };
        let (form, level) = match what.split_once('/') {
            Some((form, level)) => (form, Some(level)),
            None => (what, None),
        };
        let form = form_of(form)?;
        let level = level.map_or(Ok(form.default_level()), level_of)?;
        if let (Level::Alerts, Some(why)) = (level, form.why_no_alerts()) {
            return Err(SpecError::NoAlerts { form, why });
        }
        let target = match target {
            Some(target) => target_of(form, target)?,
            None => form.default_target().ok_or(SpecError::NoTarget(form))?,
        };
        Ok(Self { form, level, target })
    }
}

fn form_of(text: &str) -> Result<Form, SpecError> {
    let named = Form::ALL.into_iter().find(|form| form.as_str() == text);
    named.ok_or_else(|| SpecError::Form(text.to_owned()))
}

fn level_of(text: &str) -> Result<Level, SpecError> {
    let named = [Level::Events, Level::Alerts].into_iter().find(|level| level.as_str() == text);
    named.ok_or_else(|| SpecError::Level(text.to_owned()))
}

fn target_of(form: Form, text: &str) -> Result<Target, SpecError> {
    let path = text.strip_prefix("unix:");
    if text.is_empty() || path.is_some_and(str::is_empty) {
        return Err(SpecError::NoTarget(form));
    }
    if text.contains('\0') {
        return Err(SpecError::Zero);
    }
    let target = match (path, form.is_datagram()) {
        (Some(path), _) => Target::Unix(path.into()),
        (None, true) if text == "-" => return Err(SpecError::NotASocket(form)),
        (None, true) => Target::Unix(text.into()),
        (None, false) if STDOUT.contains(&text) => Target::Stdout,
        (None, false) => Target::File(text.into()),
    };
    match &target {
        Target::Unix(path) if path.as_os_str().len() > MAX_SOCKET_PATH => {
            Err(SpecError::LongSocket(path.as_os_str().len()))
        }
        Target::File(_) if has_scheme(text) => Err(SpecError::Scheme(text.to_owned())),
        Target::Stdout | Target::File(_) | Target::Unix(_) => Ok(target),
    }
}

/// `tcp:host`, `UNIX:/run/s`: something else than a file is meant. `./tcp:host` is a file.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|it| it.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests;
