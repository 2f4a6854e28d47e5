//! The configuration: what flags, the environment, the policy file and the defaults say together.
//!
//! [`Config::load`] reads the file and puts the sources in their order, [`Config::compile`] makes
//! the kernel's rules of it, [`Config::to_toml`] writes it down.

mod choice;
mod compile;
pub mod edit;
mod effect;
mod error;
pub mod file;
mod layer;
mod origin;
mod pattern;
mod ports;
pub mod prefix;
mod rule;
#[cfg(test)]
mod tests;
pub mod time;
mod write;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

pub use compile::Compiled;
pub use effect::{Effect, action_name};
pub use error::{ConfigError, Fault, Refusal};
pub use file::File;
pub use layer::Layer;
pub use origin::{Origin, Valued};
pub use pattern::{Pattern, PatternError};
pub use ports::{Ports, PortsError};
pub use rule::{PortAction, PortRule};
pub use write::Entry;

use crate::{
    event::FRAME_BYTES,
    host::interfaces::Link,
    kernel::{attach::Wanted, banning::Terms},
    ledger::CAPACITY,
    policy::{Forwarding, Mode, TooDeepPolicy, Transit},
    report::OutputFormat,
    sink::SinkSpec,
};

/// The policy file that is read where no other is named. It need not be there.
pub const DEFAULT_PATH: &str = "/etc/port12/port12.toml";

/// The configuration in force: every value, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The policy file, where there is one.
    pub file: Option<PathBuf>,
    /// The interfaces to watch; without any, that of the default route.
    pub interfaces: Valued<Vec<Pattern>>,
    /// Those not to watch, though `interfaces` has them.
    pub exclude: Valued<Vec<Pattern>>,
    /// What becomes of probes.
    pub mode: Valued<Mode>,
    /// Where the program runs.
    pub xdp_mode: Valued<Wanted>,
    /// What to do about conversation starts for other hosts.
    pub transit: Valued<Transit>,
    /// Whether drop mode is refused where this host forwards.
    pub forwarding: Valued<Forwarding>,
    /// Verdict on packets with more headers than port12 reads.
    pub too_deep: Valued<TooDeepPolicy>,
    /// The time within which drop mode is to be confirmed, 1 s to 1 day.
    pub confirm: Valued<Option<Duration>>,
    /// Whether reserved ports are watched too.
    pub include_reserved: Valued<bool>,
    /// Assigned or reserved ports to watch too.
    pub extra: Valued<Vec<Ports>>,
    /// The sources that are never dropped.
    pub allow: Valued<BTreeSet<IpNet>>,
    /// When the program bans a source by itself.
    pub ban: Valued<Option<Terms>>,
    /// IANA's official file, in place of the table that port12 carries.
    pub registry: Valued<Option<PathBuf>>,
    /// Whether it is watched what this host starts.
    pub egress: Valued<bool>,
    /// Whether the programs stay attached when port12 ends.
    pub pin: Valued<bool>,
    /// Whether a program that was detached by somebody else is attached again.
    pub reattach: Valued<bool>,
    /// Whether `run` gives up all capabilities but the three for watching after its start.
    pub least_privilege: Valued<bool>,
    /// The time between reports, 100 ms to 1 year.
    pub interval: Valued<Duration>,
    /// How many sources a run remembers.
    pub remember_sources: Valued<usize>,
    /// Where events and alerts go.
    pub sinks: Valued<Vec<SinkSpec>>,
    /// How many bytes of a frame the sinks keep, 0 to [`MAX_FRAME_BYTES`](crate::event::MAX_FRAME_BYTES).
    pub frame_bytes: Valued<usize>,
    /// The form of the reports.
    pub output: Valued<OutputFormat>,
    /// What the file says of single ports; the later rule wins.
    pub rules: Vec<Valued<PortRule>>,
}

impl Config {
    /// Reads the policy file: the one that is named, else [`DEFAULT_PATH`] where that is there.
    /// What `overrides` says, the command line and the environment, goes before the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file that was named is not there, or a file is not accepted.
    pub fn load(path: Option<&Path>, overrides: Layer) -> Result<Self, ConfigError> {
        let file = match path {
            Some(path) => Some(File::read(path)?),
            None => match File::read(Path::new(DEFAULT_PATH)) {
                Err(ConfigError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                    None
                }
                file => Some(file?),
            },
        };
        Ok(Self::of(file, overrides))
    }

    /// What `overrides` says, then what the file says, then the defaults.
    pub fn of(file: Option<File>, overrides: Layer) -> Self {
        let (path, file, rules) = match file {
            Some(File { path, layer, rules }) => (Some(path), layer, rules),
            None => (None, Layer::default(), Vec::new()),
        };
        let flag = overrides;
        let some = |valued: Valued<_>| valued.map(Some);
        Self {
            file: path,
            interfaces: first(flag.interfaces, file.interfaces, Vec::new()),
            exclude: first(flag.exclude, file.exclude, Vec::new()),
            mode: first(flag.mode, file.mode, Mode::default()),
            xdp_mode: first(flag.xdp_mode, file.xdp_mode, Wanted::default()),
            transit: first(flag.transit, file.transit, Transit::default()),
            forwarding: first(flag.forwarding, file.forwarding, Forwarding::default()),
            too_deep: first(flag.too_deep, file.too_deep, TooDeepPolicy::default()),
            confirm: first(flag.confirm.map(some), file.confirm.map(some), None),
            include_reserved: first(flag.include_reserved, file.include_reserved, false),
            extra: first(flag.extra, file.extra, Vec::new()),
            allow: first(flag.allow, file.allow, BTreeSet::new()),
            ban: first(flag.ban.map(|it| it.map(Some)), file.ban.map(|it| it.map(Some)), None),
            registry: first(
                flag.registry.map(|path| path.map(Some)),
                file.registry.map(|path| path.map(Some)),
                None,
            ),
            egress: first(flag.egress, file.egress, false),
            pin: first(flag.pin, file.pin, false),
            reattach: first(flag.reattach, file.reattach, false),
            least_privilege: first(flag.least_privilege, file.least_privilege, false),
            interval: first(flag.interval, file.interval, Duration::from_secs(1)),
            remember_sources: first(flag.remember_sources, file.remember_sources, CAPACITY),
            sinks: first(flag.sinks, file.sinks, Vec::new()),
            frame_bytes: first(flag.frame_bytes, file.frame_bytes, FRAME_BYTES),
            output: first(flag.output, file.output, OutputFormat::default()),
            rules,
        }
    }

    /// Whether an interface is to be watched: `interfaces` has it, and `exclude` has not. Nothing
    /// is where `interfaces` is empty: then it is the interface of the default route.
    pub fn matches(&self, interface: &Link) -> bool {
        self.interfaces.value.iter().any(|pattern| pattern.matches(interface))
            && !self.excludes(interface)
    }

    /// Whether an interface is not to be watched, whatever else is said.
    pub fn excludes(&self, interface: &Link) -> bool {
        self.exclude.value.iter().any(|pattern| pattern.matches(interface))
    }

    /// Whether anything is dropped that nobody has asked for by its address.
    pub fn drops_by_itself(&self) -> bool {
        self.mode.value == Mode::Drop || self.ban.value.is_some()
    }

    /// Whether interfaces may be meant that nobody has named: `interfaces` has a glob.
    pub fn is_dynamic(&self) -> bool {
        self.interfaces.value.iter().any(Pattern::is_glob)
    }
}

fn first<T>(flag: Option<Valued<T>>, file: Option<Valued<T>>, default: T) -> Valued<T> {
    flag.or(file).unwrap_or(Valued::new(default, Origin::Default))
}
