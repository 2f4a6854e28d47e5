//! `port12 who`: what is bound to unassigned ports here, and which process that is.

use std::{io::Write, time::SystemTime};

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
};
use crate::{
    cli::failure::{Code, Failure},
    query::who::{
        ProbesByPort,
        selection::{Selected, Selection},
        sockets_state,
    },
    report::{WhoReport, write_who},
    who::Question,
};

/// List the sockets that are bound to unassigned well-known ports, and their processes.
#[derive(Clone, Debug, clap::Args)]
pub struct WhoArgs {
    /// These ports instead, whatever their state: 12, 12/tcp, 700-720/udp, 0-65535
    #[arg(value_name = "PORT|RANGE")]
    pub ports: Vec<Selection>,
    /// All well-known ports, 0 to 1023, whatever their state
    #[arg(long, conflicts_with = "ports")]
    pub all: bool,
    /// In all network namespaces that can be found, not in this one alone
    #[arg(long)]
    pub all_netns: bool,
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

/// Writes the list; returns whether there is anything in it.
///
/// # Errors
///
/// [`Failure`], never with the code 1, which says that there is nothing: sockets that could not be
/// listed when none was found, a bad registry file, or nowhere to write to.
pub fn run(args: &WhoArgs, out: &mut impl Write) -> Result<bool, Failure> {
    report(args, out).map_err(Failure::without_answer_code)
}

fn report(args: &WhoArgs, out: &mut impl Write) -> Result<bool, Failure> {
    let registry = args.registry.load()?;
    let selected = match (args.all, args.ports.as_slice()) {
        (true, _) => Selected::WellKnown,
        (false, []) => Selected::Watched,
        (false, ports) => Selected::Named(ports),
    };
    let ports = selected.ports(&registry);
    let mut answer = Question { ports, all_namespaces: args.all_netns }.ask();
    let probes = ProbesByPort::read(&args.pins.pin_dir, &answer.entries, &mut answer.limits);
    let report = WhoReport {
        time: SystemTime::now(),
        asked: selected.to_string(),
        registry: (&*registry).into(),
        found: sockets_state(&registry, &answer, &probes),
    };
    let written = match args.output {
        OutputFormat::Json => write_json(&report, out),
        OutputFormat::Table => write_who(&report, answer.is_partial(), out).map_err(Into::into),
    };
    unless_closed(written.and_then(|()| Ok(out.flush()?)))?;
    if answer.entries.is_empty() && answer.is_partial() {
        let text = "no socket was found, and not all could be listed: see above";
        return Err(Failure::new(Code::Usage, text));
    }
    Ok(!answer.entries.is_empty())
}
