//! The policy file, and the flags and environment variables that precede it. The table of keys makes the flags.

use std::path::PathBuf;

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, ValueParser},
    error::ErrorKind,
    parser::ValueSource,
};

use crate::config::{
    Config, ConfigError, Key, Layer, Origin, TABLE,
    form::{Arity, Shape},
    key::Flag,
};

/// Id of the flag that names the policy file.
const CONFIG: &str = "config";

/// Which policy file is read, and what the command line and the environment say before it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The policy file, where one is named.
    pub config: Option<PathBuf>,
    /// Values that precede it.
    pub overrides: Layer,
}

impl Settings {
    /// Settings of `run` without flags: the environment alone.
    ///
    /// # Errors
    ///
    /// A variable says what is not accepted.
    pub fn of_environment() -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("port12").no_binary_name(true));
        Self::from_arg_matches(&command.try_get_matches_from(<[&str; 0]>::default())?)
    }

    /// The configuration in force.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), self.overrides.clone())
    }
}

/// The flag that names the policy file.
fn config_flag() -> Arg {
    Arg::new(CONFIG)
        .long("config")
        .value_name("FILE")
        .env("PORT12_CONFIG")
        .value_parser(clap::value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help("The policy file [default: /etc/port12/port12.toml, where it is there]")
}

/// The keys that have a flag.
fn flags() -> impl Iterator<Item = (&'static Key, Flag)> {
    TABLE.iter().filter_map(|key| Some((key, key.about.flag?)))
}

/// A flag. It has no default, since the file precedes the defaults.
fn argument(key: &'static Key, flag: &Flag) -> Arg {
    let Shape { arity, choices, .. } = (key.shape)();
    let arg = Arg::new(key.name).long(flag.long).env(flag.env).help(flag.help);
    let arg = arg.short(flag.short).value_parser(value_parser(key, choices));
    let arg = match flag.value_name {
        Some(name) => arg.value_name(name),
        None => arg,
    };
    match arity {
        Arity::One => arg,
        Arity::List => arg.value_delimiter(',').action(ArgAction::Append),
        Arity::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

fn value_parser(key: &'static Key, choices: Vec<(&'static str, String)>) -> ValueParser {
    if choices.is_empty() {
        let check = |text: &str| {
            (key.parse)(&mut Layer::default(), &[text], Origin::Default).map(|()| text.to_owned())
        };
        return ValueParser::new(check);
    }
    let value = |(name, help): (&'static str, String)| match help.is_empty() {
        true => PossibleValue::new(name),
        false => PossibleValue::new(name).help(help),
    };
    PossibleValuesParser::new(choices.into_iter().map(value)).into()
}

/// Reads the values of the flags and variables that were given.
fn overrides(matches: &ArgMatches) -> Result<Layer, clap::Error> {
    let mut layer = Layer::default();
    for (key, flag) in flags() {
        let (Some(source), Some(texts)) =
            (matches.value_source(key.name), matches.get_many::<String>(key.name))
        else {
            continue;
        };
        let origin = match source {
            ValueSource::EnvVariable => Origin::Environment(flag.env.to_owned()),
            _ => Origin::Flag(format!("--{}", flag.long)),
        };
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        // Each text alone is accepted.
        let read = (key.parse)(&mut layer, &texts, origin);
        read.map_err(|error| clap::Error::raw(ErrorKind::ValueValidation, error + "\n"))?;
    }
    Ok(layer)
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        let flags = flags().map(|(key, flag)| argument(key, &flag));
        command.arg(config_flag()).args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { config: matches.get_one(CONFIG).cloned(), overrides: overrides(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Mode;

    fn settings(args: &str) -> Result<Settings, clap::Error> {
        let command = Settings::augment_args(Command::new("port12"));
        let args = ["port12"].into_iter().chain(args.split_whitespace());
        command.try_get_matches_from(args).and_then(|matches| Settings::from_arg_matches(&matches))
    }

    #[test]
    fn what_no_flag_says_is_left_to_the_file() {
        assert_eq!(settings("").unwrap().overrides, Layer::default());
    }

    #[test]
    fn a_flag_names_itself_as_the_origin() {
        let overrides = settings("-i eth0,ens* --mode drop --pin --confirm 60s").unwrap().overrides;
        let interfaces = overrides.interfaces.unwrap();
        assert_eq!(interfaces.origin, Origin::Flag("--interface".into()));
        assert_eq!(interfaces.value.len(), 2);
        assert_eq!(overrides.mode.unwrap().value, Mode::Drop);
        assert!(overrides.pin.unwrap().value);
        assert_eq!(overrides.confirm.unwrap().value, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_list_is_repeated_or_separated_by_commas() {
        let of = |args| settings(args).unwrap().overrides.interfaces.unwrap().value;
        assert_eq!(of("-i eth0 -i ens*"), of("--interface eth0,ens*"));
    }

    #[test]
    fn a_switch_can_be_turned_off_against_the_file() {
        let overrides = settings("--pin=false --include-reserved").unwrap().overrides;
        assert!(!overrides.pin.unwrap().value && overrides.include_reserved.unwrap().value);
        settings("--pin=maybe").unwrap_err();
    }

    #[test]
    fn a_bad_value_is_refused_with_what_is_accepted() {
        for (args, accepted) in [
            ("--allow 192.0.2.1/24", "write 192.0.2.0/24"),
            ("--confirm 1ms", "between 1s and 1 day"),
            ("-i eth[", "a glob of `*`"),
            ("--mode dorp", "[possible values: monitor, drop]"),
            ("--frame-bytes 257", "write a number from 0 to 256"),
        ] {
            let error = settings(args).unwrap_err().to_string();
            assert!(error.contains(accepted), "{error}");
        }
    }

    #[test]
    fn a_flag_and_its_variable_have_the_same_name() {
        for (key, flag) in flags() {
            let variable = format!("PORT12_{}", flag.long.to_uppercase().replace('-', "_"));
            assert_eq!(flag.env, variable, "{}", key.name);
        }
    }

    #[test]
    fn the_help_of_a_flag_names_the_default_of_the_table() {
        for (key, flag) in flags() {
            let Some((_, told)) = flag.help.split_once("[default: ") else { continue };
            let default = (key.default)().unwrap();
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let is_empty = default == "[]";
            assert!(is_empty || told.trim_end_matches(']') == default, "{}: {told}", key.name);
        }
    }
}
