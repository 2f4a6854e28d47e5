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
pub mod files;
pub mod form;
pub mod key;
mod keys;
mod node;
mod origin;
mod output_format;
pub mod part;
mod pattern;
mod ports;
pub mod prefix;
pub mod reference;
mod rule;
#[cfg(test)]
mod tests;
pub mod time;
mod write;

use std::path::Path;

pub use compile::Compiled;
pub use effect::{Effect, action_name};
pub use error::{ConfigError, Fault, Refusal};
pub use file::File;
pub use files::Files;
pub use keys::{Config, KEYS, Key, Layer, TABLE};
pub use origin::{Origin, Valued};
pub use output_format::OutputFormat;
pub use pattern::{Pattern, PatternError};
pub use ports::{Ports, PortsError};
pub use rule::{PortAction, PortRule};
pub use write::Entry;

use self::key::Applies;
use crate::{host::interfaces::Link, kernel::banning::Scope, policy::Mode};

/// The policy file that is read where no other is named. It need not be there.
pub const DEFAULT_PATH: &str = "/etc/port12/port12.toml";

impl Config {
    /// Reads the policy file that is named, else [`DEFAULT_PATH`] if it exists, and the drop-ins. The command line and the
    /// environment, in `overrides`, precede the files.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file that was named is not there, or a file is not accepted.
    pub fn load(path: Option<&Path>, overrides: Layer) -> Result<Self, ConfigError> {
        Ok(Self::of_files(Files::read(path)?, overrides))
    }

    /// Values of the flags, else of the file, else the defaults.
    pub fn of(file: Option<File>, flags: Layer) -> Self {
        Self::of_files(Files { main: file, ..Files::default() }, flags)
    }

    /// Values of the flags, else of the files, else the defaults.
    pub fn of_files(files: Files, flags: Layer) -> Self {
        let Files { main, drop_ins, unread } = files;
        let path = |file: &File| file.path.to_path_buf();
        let (file, paths) = (main.as_ref().map(path), drop_ins.iter().map(path).collect());
        let (layer, rules) = Files::merged(main, drop_ins);
        Self { file, drop_ins: paths, unread, rules, ..Self::resolve(flags, layer) }
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

    /// Keys whose value another configuration changes, and only a restart puts in force.
    pub fn restart_keys(&self, other: &Self) -> Vec<&'static str> {
        let scope = |config: &Self| config.ban.value.map_or(Scope::default(), |it| it.scope);
        let scope = (scope(self) != scope(other)).then_some("ban.scope");
        let waits =
            |key: &&Key| key.about.applies == Applies::Restart && !(key.is_same)(self, other);
        scope.into_iter().chain(TABLE.iter().filter(waits).map(|key| key.name)).collect()
    }

    /// Whether interfaces may be meant that nobody has named: `interfaces` has a glob.
    pub fn is_dynamic(&self) -> bool {
        self.interfaces.value.iter().any(Pattern::is_glob)
    }
}
