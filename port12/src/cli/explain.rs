//! `port12 explain`: the registry's story of one port.

mod story;
mod table;

use std::io::Write;

use super::{
    output::{OutputFormat, ReportError, write_json},
    registry::RegistryArgs,
};

/// Tells what the registry says about a port, and what else is known of it.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// The port
    pub port: u16,
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Writes the story of a port. A port above 1023 has none, and the report says so.
///
/// # Errors
///
/// [`ReportError`]: a bad registry file, or nowhere to write to.
pub fn run(args: &ExplainArgs, out: &mut impl Write) -> Result<(), ReportError> {
    let registry = args.registry.load()?;
    let story = story::Story::new(&registry, args.port);
    match args.output {
        OutputFormat::Table => Ok(out.write_all(table::render(&story).as_bytes())?),
        OutputFormat::Json => write_json(&story, out),
    }
}

#[cfg(test)]
mod tests;
