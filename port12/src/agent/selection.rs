//! The interfaces that a configuration selects: those of this network namespace that it names, and
//! those that its globs match.

use super::AgentError;
use crate::{
    config::{Config, Pattern},
    host::interfaces::{self, Link, Unsupported},
};

/// The selected interfaces, and what has to be reported about the choice.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The interfaces to watch, each once. Empty only if `interfaces` has a glob: then `run` waits.
    pub links: Vec<Link>,
    /// Interfaces that a glob matches and that cannot be watched, by index.
    pub left_out: Vec<u32>,
    /// One line each: interfaces that are left out, excludes without effect, globs without a match.
    pub notes: Vec<String>,
}

impl Selection {
    /// Selects from the interfaces of this network namespace.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: a named interface does not exist or cannot be watched, or nothing is selected
    /// and no glob can match later.
    pub fn of(config: &Config) -> Result<Self, AgentError> {
        let mut selection = Self::default();
        let all = interfaces::all()?;
        for pattern in &config.interfaces.value {
            match pattern.is_glob() {
                true => selection.add_matches(pattern, config, &all),
                false => selection.add_named(pattern, config, &all)?,
            }
        }
        selection.note_idle_excludes(config, &all);
        if selection.links.is_empty() {
            selection.fall_back(config, &all)?;
        }
        Ok(selection)
    }

    fn add(&mut self, link: Link) {
        if !self.links.iter().any(|known| known.index == link.index) {
            self.links.push(link);
        }
    }

    fn add_named(
        &mut self,
        pattern: &Pattern,
        config: &Config,
        all: &[Link],
    ) -> Result<(), AgentError> {
        let link = interfaces::by_name(pattern.as_str())?;
        if !config.excludes(&link) {
            interfaces::readable(&link, all)?;
            self.add(link);
        }
        Ok(())
    }

    /// An interface that cannot be watched ends nothing if only a glob matches it: every host has
    /// some, such as `sit0`.
    fn add_matches(&mut self, pattern: &Pattern, config: &Config, all: &[Link]) {
        let matches = |link: &&Link| pattern.matches(link) && !config.excludes(link);
        for link in all.iter().filter(matches) {
            match interfaces::readable(link, all) {
                Ok(_) => self.add(link.clone()),
                Err(why) => self.leave_out(link, pattern, &why),
            }
        }
    }

    fn leave_out(&mut self, link: &Link, pattern: &Pattern, why: &Unsupported) {
        if !self.left_out.contains(&link.index) {
            self.left_out.push(link.index);
            self.notes
                .push(format!("{why}; not watched, since only the glob {pattern} matches it"));
        }
    }

    /// A mistyped exclude leaves an interface watched that the operator believes to be excluded. A
    /// glob beside globs may be meant for interfaces that appear later.
    fn note_idle_excludes(&mut self, config: &Config, all: &[Link]) {
        let may_wait = config.is_dynamic();
        for pattern in &config.exclude.value {
            let is_idle = match config.interfaces.value.is_empty() {
                true => true,
                false => !all.iter().any(|link| {
                    let is_meant = config.interfaces.value.iter().any(|it| it.matches(link));
                    is_meant && pattern.matches(link)
                }),
            };
            if is_idle && !(may_wait && pattern.is_glob()) {
                let yet = if may_wait { " yet" } else { "" };
                self.notes.push(format!(
                    "`exclude` ({}): {pattern} has no effect{yet}: no selected interface has that \
                     name",
                    config.exclude.origin
                ));
            }
        }
    }

    /// Without a selected interface: the default, or the wait for a match.
    fn fall_back(&mut self, config: &Config, all: &[Link]) -> Result<(), AgentError> {
        if config.interfaces.value.is_empty() {
            let link = default_link(config)?;
            interfaces::readable(&link, all)?;
            self.links.push(link);
            return Ok(());
        }
        if config.is_dynamic() {
            self.notes.push(format!(
                "no interface matches `interfaces` ({}) yet: port12 waits for one",
                config.interfaces.origin
            ));
            return Ok(());
        }
        Err(nothing(config))
    }
}

/// Error of a command that does not wait for a match.
pub fn nothing(config: &Config) -> AgentError {
    AgentError::NoInterface {
        interfaces: config.interfaces.origin.to_string(),
        exclude: config.exclude.origin.to_string(),
    }
}

fn default_link(config: &Config) -> Result<Link, AgentError> {
    let link = match interfaces::default_route()? {
        Some(link) => link,
        None => interfaces::by_name("lo")?,
    };
    match config.excludes(&link) {
        false => Ok(link),
        true => Err(AgentError::DefaultExcluded {
            interface: link.name,
            exclude: config.exclude.origin.to_string(),
        }),
    }
}
