//! `port12 explain`: the whole story of one port.

mod advise;
mod configured;
mod forecast;
mod registry;
mod sockets;
mod story;
mod table;
mod watch;

use std::{io::Write, path::PathBuf};

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
    who::{document::Found, knocks::Knocks},
};
use crate::cli::failure::Failure;

use advise::Advisor;
use configured::Configured;
use registry::Published;
pub(super) use story::Story;
use watch::Watch;

/// Tells what the registry says about a port and what else is known of it; what came for it here, and
/// what becomes of what comes; who has it; and what to do.
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
    let port = args.port;
    let registry = args.registry.load()?;
    let mut answer = sockets::ask(port);
    let watch = Watch::read(&args.pins, &registry, port, &mut answer);
    let configured = Configured::read(args, &watch, &mut answer);
    let knocks = Knocks::of(&watch.knocks, answer.entries.iter().map(|it| (it.transport, port)));
    let advisor = Advisor {
        registry: &registry,
        port,
        watch: &watch,
        configured: configured.as_ref(),
        answer: &answer,
    };
    let story = Story {
        published: Published::new(&registry, port),
        time: std::time::SystemTime::now(),
        advice: advisor.advise(),
        found: Found::new(&registry, &answer, &knocks),
        watch: &watch,
        configured: configured.as_ref(),
    };
    let written = match args.output {
        OutputFormat::Table => table::write(&story, out).map_err(Into::into),
        OutputFormat::Json => write_json(&story, out),
    };
    Ok(unless_closed(written)?)
}

#[cfg(test)]
mod tests;
