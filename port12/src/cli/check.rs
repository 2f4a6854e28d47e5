//! `port12 check`: the policy file and the registry, and what this host has against them.

pub(super) mod diff;

use std::{io::Write, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    output::{OutputFormat, ReportError, tell, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
    settings::Settings,
};
use crate::{
    agent,
    cli::failure::Failure,
    config::{Compiled, Config, DEFAULT_PATH, Effect, Origin},
    model::PortId,
    query::Candidate,
    text::Printable,
};

/// Check the policy file and the registry file for this host, and change nothing.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The policy file, and what goes before it
    #[command(flatten)]
    pub settings: Settings,
    /// Show the whole policy as a policy file, with the origin of each value in comments
    #[arg(long, env = "PORT12_PRINT_EFFECTIVE")]
    pub print_effective: bool,
    /// Compare the policy with the one in force, by its pins: exit code 0 if it is the same, 1 if it differs
    #[arg(long, env = "PORT12_DIFF", conflicts_with = "print_effective")]
    pub diff: bool,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Validates, and reports to `out`; warnings go to standard error.
///
/// # Errors
///
/// [`Failure`]: a file is not accepted, nowhere to write to, with `--diff` another policy is in force, or the failure with which `run` would end on this host: an
/// interface that is not there, drop mode beside forwarding, or forwarding that cannot be read.
pub fn run(args: &CheckArgs, out: &mut impl Write) -> Result<(), Failure> {
    let config = args.settings.load()?;
    let registry = RegistryArgs { registry: config.registry.value.clone() }.load()?;
    let mut compiled = config.compile(&registry);
    if args.diff {
        compiled.warnings.iter().for_each(tell);
        let form = diff::form(config.output.value, &config.output.origin);
        let candidate = Candidate { config: &config, compiled: &compiled, registry: &registry };
        return diff::run(candidate, &args.pins, form, out);
    }
    let (warnings, refusal) = agent::on_this_host(&config);
    compiled.warnings.extend(warnings);
    unless_closed(report(args, &config, &compiled, refusal.is_none(), out))?;
    refusal.map_or(Ok(()), |error| Err(error.into()))
}

fn report(
    args: &CheckArgs,
    config: &Config,
    compiled: &Compiled,
    is_fine: bool,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let form = diff::form(config.output.value, &config.output.origin);
    match form {
        OutputFormat::Json => {
            write_json(&Document::new(config, compiled, args.print_effective), out)?;
        }
        OutputFormat::Table => {
            compiled.warnings.iter().for_each(tell);
            match (args.print_effective, &config.file) {
                (true, _) => write_effective(config, compiled, out)?,
                (false, _) if !is_fine => {}
                (false, main) => {
                    if main.is_none() {
                        writeln!(out, "{DEFAULT_PATH}: not there; the rest is fine")?;
                    }
                    for path in main.iter().chain(&config.drop_ins) {
                        writeln!(out, "{}: fine", Printable(path.display()))?;
                    }
                }
            }
        }
    }
    Ok(out.flush()?)
}

/// A policy file, and in comments what it makes of the ports.
fn write_effective(
    config: &Config,
    compiled: &Compiled,
    out: &mut impl Write,
) -> std::io::Result<()> {
    out.write_all(config.to_toml().as_bytes())?;
    writeln!(out)?;
    for Effect { transport, action, ports } in compiled.effects() {
        writeln!(out, "# {transport} {action} {}: {ports}", ports.len())?;
    }
    Ok(())
}

/// The report, in JSON.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Document {
    /// Policy file; null if there is none.
    file: Option<PathBuf>,
    /// Drop-ins, in the order in which they were read.
    drop_ins: Vec<PathBuf>,
    /// Warnings, for people.
    warnings: Vec<String>,
    /// Policy with the origin of each value, with `--print-effective`.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective: Option<Effective>,
}

#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Effective {
    settings: serde_json::Map<String, serde_json::Value>,
    rules: Vec<serde_json::Map<String, serde_json::Value>>,
    ports: Vec<PortAction>,
}

#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PortAction {
    #[serde(flatten)]
    id: PortId,
    action: String,
}

impl Document {
    fn new(config: &Config, compiled: &Compiled, print_effective: bool) -> Self {
        Self {
            file: config.file.clone(),
            drop_ins: config.drop_ins.clone(),
            warnings: compiled.warnings.clone(),
            effective: print_effective.then(|| Effective::new(config, compiled)),
        }
    }
}

impl Effective {
    fn new(config: &Config, compiled: &Compiled) -> Self {
        let with_origin = |value, origin: &Origin| serde_json::json!({ "value": value, "origin": origin.to_string() });
        let settings = config
            .entries()
            .into_iter()
            .map(|entry| (entry.key.to_owned(), with_origin(entry.value, &entry.origin)));
        let rules = config.rules.iter().map(|rule| {
            let keys = rule.value.entries().into_iter();
            keys.map(|(key, value)| (key.to_owned(), with_origin(Some(value), &rule.origin)))
                .collect()
        });
        let ports = compiled.effects().into_iter().flat_map(|effect| {
            let Effect { transport, action, ports } = effect;
            ports.iter().map(move |port| PortAction {
                id: PortId { transport, port },
                action: action.to_owned(),
            })
        });
        Self { settings: settings.collect(), rules: rules.collect(), ports: ports.collect() }
    }
}
