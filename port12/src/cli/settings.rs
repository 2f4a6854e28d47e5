//! The policy file, and the flags that go before it.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use clap::{ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use ipnet::IpNet;

use super::output::OutputFormat;
use crate::{
    config::{
        Config, ConfigError, Layer, Origin, Pattern, Valued,
        file::MOST_SOURCES,
        prefix::prefix,
        time::{confirmation, period},
    },
    event::MAX_FRAME_BYTES,
    kernel::attach::Wanted,
    policy::{Forwarding, Mode, Transit},
    sink::SinkSpec,
};

/// Which policy file is read, and what the command line and the environment say before it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The policy file, where one is named.
    pub config: Option<PathBuf>,
    /// What goes before it.
    pub overrides: Layer,
}

impl Settings {
    /// What `run` has without flags: the environment alone.
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

/// The flags. None has a default of its own, since the file comes before the defaults.
#[derive(Clone, Debug, Args)]
struct Flags {
    /// The policy file [default: /etc/port12/port12.toml, where it is there]
    #[arg(long, value_name = "FILE", env = "PORT12_CONFIG")]
    config: Option<PathBuf>,
    /// An interface to watch, or a glob; repeat for more [default: that of the default route, else
    /// lo]
    #[arg(
        short,
        long = "interface",
        value_name = "IFACE",
        value_delimiter = ',',
        env = "PORT12_INTERFACE"
    )]
    interfaces: Option<Vec<Pattern>>,
    /// An interface not to watch, or a glob; repeat for more
    #[arg(long, value_name = "IFACE", value_delimiter = ',', env = "PORT12_EXCLUDE")]
    exclude: Option<Vec<Pattern>>,
    /// What becomes of probes [default: monitor]
    #[arg(long, value_enum, env = "PORT12_MODE")]
    mode: Option<Mode>,
    /// Where the program runs [default: auto]
    #[arg(long, value_enum, env = "PORT12_XDP_MODE")]
    xdp_mode: Option<Wanted>,
    /// What to do about conversation starts for other hosts [default: pass]
    #[arg(long, value_enum, env = "PORT12_TRANSIT")]
    transit: Option<Transit>,
    /// Whether drop mode is refused where this host forwards [default: refuse]
    #[arg(long, value_enum, env = "PORT12_FORWARDING")]
    forwarding: Option<Forwarding>,
    /// Go back to monitor mode unless drop mode is confirmed in this time: 60s, 5m
    #[arg(long, value_name = "TIME", value_parser = confirmation, env = "PORT12_CONFIRM")]
    confirm: Option<Duration>,
    /// Watch reserved ports too
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "PORT12_INCLUDE_RESERVED"
    )]
    include_reserved: Option<bool>,
    /// A source that is never dropped, in place of the file's; repeat for more: 192.0.2.0/24
    #[arg(
        long,
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = prefix,
        env = "PORT12_ALLOW"
    )]
    allow: Option<Vec<IpNet>>,
    /// IANA's official CSV or XML, in place of the table that port12 carries
    #[arg(long, value_name = "FILE", env = "PORT12_REGISTRY")]
    registry: Option<PathBuf>,
    /// Watch what this host starts towards unassigned ports elsewhere, too: it is told, never dropped
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "PORT12_EGRESS"
    )]
    egress: Option<bool>,
    /// Leave the programs attached at the end
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "PORT12_PIN"
    )]
    pin: Option<bool>,
    /// Attach again if somebody else detaches a program
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "PORT12_REATTACH"
    )]
    reattach: Option<bool>,
    /// Keep CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON alone after the start: processes of other users stay unnamed
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "PORT12_LEAST_PRIVILEGE"
    )]
    least_privilege: Option<bool>,
    /// Time between reports: 1s, 500ms, 1m [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = period, env = "PORT12_INTERVAL")]
    interval: Option<Duration>,
    /// Sources that a run remembers [default: 65536]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=MOST_SOURCES),
        env = "PORT12_REMEMBER_SOURCES"
    )]
    remember_sources: Option<u64>,
    /// Where events and alerts go, such as eve:/var/log/port12/eve.json; repeat for more
    #[arg(
        long = "sink",
        value_name = "KIND[/LEVEL]:TARGET",
        value_delimiter = ',',
        env = "PORT12_SINK"
    )]
    sinks: Option<Vec<SinkSpec>>,
    /// Bytes of a frame that the sinks keep, 0 to 256 [default: 128]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(0..=MAX_FRAME_BYTES as u64),
        env = "PORT12_FRAME_BYTES"
    )]
    frame_bytes: Option<u64>,
    /// The form of the reports; json is one object per line and report [default: table]
    #[arg(long, value_enum, env = "PORT12_OUTPUT")]
    output: Option<OutputFormat>,
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let sources = Sources { matches, command: Flags::augment_args(Command::new("port12")) };
        let flags = Flags::from_arg_matches(matches)?;
        Ok(Self {
            config: flags.config,
            overrides: Layer {
                interfaces: sources.of("interfaces", flags.interfaces),
                exclude: sources.of("exclude", flags.exclude),
                mode: sources.of("mode", flags.mode),
                xdp_mode: sources.of("xdp_mode", flags.xdp_mode),
                transit: sources.of("transit", flags.transit),
                forwarding: sources.of("forwarding", flags.forwarding),
                too_deep: None,
                confirm: sources.of("confirm", flags.confirm),
                include_reserved: sources.of("include_reserved", flags.include_reserved),
                extra: None,
                allow: sources.of("allow", flags.allow.map(BTreeSet::from_iter)),
                ban: None,
                registry: sources.of("registry", flags.registry),
                egress: sources.of("egress", flags.egress),
                pin: sources.of("pin", flags.pin),
                reattach: sources.of("reattach", flags.reattach),
                least_privilege: sources.of("least_privilege", flags.least_privilege),
                interval: sources.of("interval", flags.interval),
                remember_sources: sources
                    .of("remember_sources", flags.remember_sources.map(|number| number as usize)),
                sinks: sources.of("sinks", flags.sinks),
                frame_bytes: sources
                    .of("frame_bytes", flags.frame_bytes.map(|number| number as usize)),
                output: sources.of("output", flags.output),
            },
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Where the values of the flags come from.
struct Sources<'a> {
    matches: &'a ArgMatches,
    command: Command,
}

impl Sources<'_> {
    fn of<T>(&self, id: &str, value: Option<T>) -> Option<Valued<T>> {
        let flag = self.command.get_arguments().find(|flag| flag.get_id() == id)?;
        let origin = match self.matches.value_source(id)? {
            ValueSource::EnvVariable => {
                Origin::Environment(flag.get_env()?.to_string_lossy().into_owned())
            }
            _ => Origin::Flag(format!("--{}", flag.get_long()?)),
        };
        Some(Valued::new(value?, origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(overrides.confirm.unwrap().value, Duration::from_secs(60));
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
        ] {
            let error = settings(args).unwrap_err().to_string();
            assert!(error.contains(accepted), "{error}");
        }
    }
}
