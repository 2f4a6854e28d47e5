//! `port12 ports`: the watched set.

use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use port12_common::Transport;
use serde::{Deserialize, Serialize};

use super::{
    output::{OutputFormat, ReportError, write_json},
    registry::RegistryArgs,
};
use crate::{
    model::{PortId, RegistryId},
    registry::{PortSet, Registry},
    text::wrap::hang,
};

/// List the ports that port12 watches by the registry.
#[derive(Clone, Debug, clap::Args)]
pub struct PortsArgs {
    /// One transport; all of them by default
    #[arg(long, value_parser = transports(), env = "PORT12_TRANSPORT")]
    pub transport: Option<Transport>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
}

fn transports() -> impl TypedValueParser<Value = Transport> {
    PossibleValuesParser::new(Transport::ALL.map(Transport::as_str))
        .try_map(|name| name.parse().map_err(|()| format!("{name} is not a transport")))
}

/// Writes the watched set.
///
/// # Errors
///
/// [`ReportError`]: a bad registry file, or nowhere to write to.
pub fn run(args: &PortsArgs, out: &mut impl Write) -> Result<(), ReportError> {
    let registry = args.registry.load()?;
    let chosen: Vec<Transport> = match args.transport {
        Some(transport) => vec![transport],
        None => Transport::ALL.to_vec(),
    };
    match args.output {
        OutputFormat::Table => table(&registry, &chosen, out),
        OutputFormat::Json => write_json(&Document::new(&registry, &chosen), out),
    }
}

fn table(
    registry: &Registry,
    chosen: &[Transport],
    out: &mut impl Write,
) -> Result<(), ReportError> {
    writeln!(out, "Watched: the unassigned ports of IANA's registry")?;
    out.write_all(
        hang("registry ", &format!("{} ({})", registry.edition(), registry.source())).as_bytes(),
    )?;
    for (transports, ports) in grouped(registry, chosen) {
        writeln!(out, "\n{}: {} ports", transports.join(", "), ports.len())?;
        out.write_all(hang("  ", &ports.to_string()).as_bytes())?;
    }
    Ok(())
}

/// Transports that watch the same ports, together.
fn grouped(registry: &Registry, chosen: &[Transport]) -> Vec<(Vec<&'static str>, PortSet)> {
    let mut groups: Vec<(Vec<&'static str>, PortSet)> = Vec::new();
    for transport in chosen {
        let ports = registry.watched(*transport);
        match groups.iter_mut().find(|(_, known)| *known == ports) {
            Some((names, _)) => names.push(transport.as_str()),
            None => groups.push((vec![transport.as_str()], ports)),
        }
    }
    groups
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document {
    registry: RegistryId,
    ports: Vec<PortId>,
}

impl Document {
    fn new(registry: &Registry, chosen: &[Transport]) -> Self {
        let of = |&transport: &Transport| {
            let ports = registry.watched(transport).iter();
            ports.map(move |port| PortId { transport, port })
        };
        Self { registry: registry.into(), ports: chosen.iter().flat_map(of).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(transport: Option<Transport>, output: OutputFormat) -> String {
        let args = PortsArgs { transport, output, registry: RegistryArgs::default() };
        let mut out = Vec::new();
        run(&args, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_names_the_date_and_both_sets_in_80_columns() {
        let text = report(None, OutputFormat::Table);
        assert!(text.contains("2026-08-17 (embedded)"), "{text}");
        assert!(text.contains("tcp: 284 ports"), "{text}");
        assert!(text.contains("udp, udplite, sctp, dccp: 282 ports"), "{text}");
        assert!(text.contains("14-16, 26"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn the_json_is_one_document_of_port_objects() {
        let text = report(None, OutputFormat::Json);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["registry"]["date"], "2026-08-17");
        assert_eq!(json["registry"]["source"], "embedded");
        assert_eq!(json["ports"].as_array().unwrap().len(), 284 + 4 * 282);
        assert_eq!(json["ports"][0], serde_json::json!({"transport": "tcp", "port": 4}));
    }

    #[test]
    fn one_transport_can_be_chosen() {
        let text = report(Some(Transport::Sctp), OutputFormat::Table);
        assert!(text.contains("sctp: 282 ports") && !text.contains("tcp:  "), "{text}");
    }

    #[test]
    fn a_missing_registry_file_is_a_configuration_error_that_names_it() {
        let registry = RegistryArgs { registry: Some("/nonexistent/registry.csv".into()) };
        let args = PortsArgs { transport: None, output: OutputFormat::Table, registry };
        let error = run(&args, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReportError::Registry(_)));
        assert!(error.to_string().contains("/nonexistent/registry.csv"), "{error}");
    }
}
