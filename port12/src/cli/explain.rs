//! `port12 explain`: the whole story of one port.

use std::{borrow::Cow, io::Write, path::PathBuf};

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
    settings::Settings,
};
use crate::{
    cli::failure::{Code, Failure},
    config::{Config, Layer, Origin, Valued},
    explain::explain,
    registry::Registry,
    report::write_explanation,
};

/// Explain one port: its registry entry and known users, the probes here, a forecast for unknown sources, its sockets
/// with their processes, and advice.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// The port
    pub port: u16,
    /// The policy file that `run` would read [default: /etc/port12/port12.toml, where it is there]
    #[arg(long, value_name = "FILE", env = "PORT12_CONFIG")]
    pub config: Option<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Writes the story of a port. What cannot be seen is told, and is no failure. A port above 1023 has no
/// story in the registry, and the report says so.
///
/// # Errors
///
/// [`Failure`]: a bad registry file, or nowhere to write to.
pub fn run(args: &ExplainArgs, out: &mut impl Write) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let policy = policy(args).map_err(|failure| failure.message);
    let policy = policy.as_ref().map_err(Clone::clone);
    let policy = policy.map(|(config, registry)| (config, &**registry));
    let explanation = explain(args.port, &registry, &args.pins.pin_dir, policy);
    let written = match args.output {
        OutputFormat::Table => write_explanation(&explanation, out).map_err(Into::into),
        OutputFormat::Json => write_json(&explanation, out),
    };
    Ok(unless_closed(written)?)
}

/// Policy of `run` without flags, with the flags of this command, and its registry.
fn policy(args: &ExplainArgs) -> Result<(Config, Cow<'static, Registry>), Failure> {
    let environment = Settings::of_environment().map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        Failure::new(Code::Usage, line.strip_prefix("error: ").unwrap_or(line))
    })?;
    let registry = args.registry.registry.clone();
    let registry = registry.map(|it| Valued::new(Some(it), Origin::Flag("--registry".to_owned())));
    let settings = Settings {
        config: args.config.clone(),
        overrides: Layer {
            registry: registry.or(environment.overrides.registry.clone()),
            ..environment.overrides
        },
    };
    let config = settings.load()?;
    let registry = RegistryArgs { registry: config.registry.value.clone() }.load()?;
    Ok((config, registry))
}
