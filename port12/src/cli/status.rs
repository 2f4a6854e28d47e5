//! `port12 status`: show what is attached, and with which orders.

use std::io::Write;

use super::{
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
};
use crate::{
    cli::failure::{Code, Failure},
    model::{InterfaceState, Place, State, UnpinnedProgram},
    report::{detached, write_status},
};

/// Show the attached programs, with their mode and policy. No daemon is necessary.
#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
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

/// Writes the status.
///
/// # Errors
///
/// [`Failure`]: the pins cannot be read, or nothing is attached.
pub fn run(args: &StatusArgs, out: &mut impl Write) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let state = args.pins.query_any()?.state(&registry)?;
    let written = match args.output {
        OutputFormat::Table => write_status(&state, &args.pins.pin_dir, out).map_err(Into::into),
        OutputFormat::Json => write_json(&state, out),
    };
    unless_closed(written)?;
    verdict(&state)
}

/// Checks that the programs are attached.
fn verdict(state: &State) -> Result<(), Failure> {
    let replaced = state.interfaces.iter().find(|it| it.other_program_id.is_some());
    let bare = state.interfaces.iter().find(|it| it.place == Place::Detached);
    if let Some(it) = replaced.or(bare) {
        let code = if replaced.is_some() { Code::Foreign } else { Code::Config };
        return Err(Failure::new(code, detached(it)));
    }
    let is_attached = |it: &InterfaceState| match it.place {
        Place::Attached | Place::Elsewhere => true,
        Place::Detached | Place::Gone | Place::Capture => false,
    };
    let is_port12 = |it: &UnpinnedProgram| it.name.is_some();
    if state.interfaces.iter().any(is_attached) || state.unpinned.iter().flatten().any(is_port12) {
        return Ok(());
    }
    Err(Failure::new(
        Code::Config,
        "nothing is attached: `port12 attach` or `port12 run` attaches, and `port12 check` checks \
         whether they can",
    ))
}
