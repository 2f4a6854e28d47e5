//! `port12 replay`: what would the program have done?

use std::{io::Write, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use port12_common::{Transport, abi::HostTable, transport_names};

use super::{
    output::{OutputFormat, tell, unless_closed},
    registry::RegistryArgs,
};
use crate::{
    capture::{self, Summary},
    cli::failure::{Code, Failure},
    config::{Config, ConfigError, Layer, Origin, Valued, time::period},
    event::{FRAME_BYTES, MAX_FRAME_BYTES},
    host::{addresses::LocalAddresses, publish::publish},
    policy::{Mode, Transit},
    registry::Registry,
    replay::{Engine, EngineKind, Replay, ReplayError, ReplayPolicy, Subject},
    report::{Report, write_json, write_table},
    sink::{SinkSpec, has_stdout},
    story::{Identification, Story},
    text::Printable,
};

/// Replay a capture through the kernel program, and report as `run` does.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// A pcap or pcapng file; - is standard input
    pub file: PathBuf,
    /// Program that classifies the frames; user requires no privilege
    #[arg(long, value_enum, default_value_t, env = "PORT12_ENGINE")]
    pub engine: EngineKind,
    /// The policy file to replay under: its rules, allowlist, bans, ports and mode, with its drop-ins
    #[arg(long, value_name = "FILE", env = "PORT12_CONFIG")]
    pub config: Option<PathBuf>,
    /// Mode: count probes, or drop them [default: the mode of the policy file, else monitor]
    #[arg(long, value_enum, env = "PORT12_MODE")]
    pub mode: Option<Mode>,
    /// A local address; repeat for more [default: every destination is local]
    #[arg(long, value_name = "ADDR", value_delimiter = ',', env = "PORT12_LOCAL")]
    pub local: Vec<IpAddr>,
    /// Ports with a local socket: tcp/81,udp/700
    #[arg(long, value_name = "PORTS", value_delimiter = ',', env = "PORT12_SOCKETS")]
    pub sockets: Vec<SocketPort>,
    /// Report at each of these intervals of the capture's time too, not only at the end
    #[arg(long, value_name = "TIME", value_parser = period, env = "PORT12_REPLAY_INTERVAL")]
    pub interval: Option<Duration>,
    /// The form of the reports; json is one object per line and report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Treatment of flow starts for other hosts [default: as in the policy file, else pass]
    #[arg(long, value_enum, env = "PORT12_TRANSIT")]
    pub transit: Option<Transit>,
    /// Where events and alerts go, such as eve:eve.json; repeat for more
    #[arg(
        long = "sink",
        value_name = "KIND[/LEVEL]:TARGET",
        value_delimiter = ',',
        env = "PORT12_SINK"
    )]
    pub sinks: Vec<SinkSpec>,
    /// Bytes of a frame that the sinks keep, 0 to 256
    #[arg(
        long,
        value_name = "N",
        default_value_t = FRAME_BYTES as u64,
        value_parser = clap::value_parser!(u64).range(0..=MAX_FRAME_BYTES as u64),
        env = "PORT12_FRAME_BYTES"
    )]
    pub frame_bytes: u64,
    /// The registry
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// A transport's well-known port, written `tcp/81`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SocketPort {
    /// The transport.
    pub transport: Transport,
    /// The port, 0 to 1023.
    pub port: u16,
}

impl FromStr for SocketPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a transport and a port from 0 to 1023, such as tcp/81; the \
                 transports are {}",
                transport_names!()
            )
        };
        let (transport, port) = text.split_once('/').ok_or_else(wrong)?;
        let transport = transport.parse().map_err(|()| wrong())?;
        let port = port.parse().ok().filter(|port| *port < 1024).ok_or_else(wrong)?;
        Ok(Self { transport, port })
    }
}

/// Replays the file and reports to `out`.
///
/// # Errors
///
/// [`Failure`], with the exit code.
pub fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<(), Failure> {
    let config = config(args)?;
    let registry = Registry::load(config.registry.value.as_deref())?;
    let host = host(args)?;
    let mut reader = capture::open(&args.file)?;
    // No device stands above a capture: what is not among its sockets is not there.
    let compiled = config.compile(&registry);
    compiled.warnings.iter().for_each(tell);
    let policy = ReplayPolicy::new(&config, compiled);
    let engine = Engine::new(args.engine, policy, host)?;
    let subject = Subject { mode: config.mode.value, registry: &registry };
    let is_silent = has_stdout(&args.sinks);
    let show = |report: &Report, out: &mut _| match is_silent {
        true => Ok(()),
        false => write(args.output, report, out),
    };
    let name = args.file.file_name().unwrap_or(args.file.as_os_str()).to_string_lossy();
    let mut story = Story::start(&args.sinks, args.frame_bytes as usize)?.patient();
    story.identify(Identification::of(&config));
    let mut replay = Replay::new(subject, engine, &name, story);
    match replay.run(&mut reader, args.interval, |report| show(report, out)) {
        Err(ReplayError::Write(error)) => return Ok(unless_closed(Err(error))?),
        replayed => replayed?,
    }
    let summary = reader.finish()?;
    let totals = replay.totals(&summary);
    unless_closed(show(&totals, out))?;
    replay.story().lines().iter().for_each(tell);
    end(args, &summary)
}

/// Reports frames that were not read, and an early end of the capture.
fn end(args: &ReplayArgs, summary: &Summary) -> Result<(), Failure> {
    let path = Printable(args.file.display());
    for (link, count) in summary.refused() {
        tell(format_args!("{path}: {count} frames of link type {link} are not read"));
    }
    match &summary.end {
        None | Some(capture::End::Complete) => Ok(()),
        Some(end) if summary.frames() == 0 => {
            Err(Failure::new(Code::Runtime, format!("{path}: {end}: no frame could be read")))
        }
        Some(end) => {
            tell(format_args!("{path}: {end}; the report is on the frames before"));
            Ok(())
        }
    }
}

/// The policy: that of the file that is named, and of the flags; no file that is not named is read.
fn config(args: &ReplayArgs) -> Result<Config, ConfigError> {
    fn flag<T>(value: Option<T>, name: &str) -> Option<Valued<T>> {
        value.map(|value| Valued::new(value, Origin::Flag(name.to_owned())))
    }
    let flags = Layer {
        mode: flag(args.mode, "--mode"),
        transit: flag(args.transit, "--transit"),
        registry: flag(args.registry.registry.clone().map(Some), "--registry"),
        ..Layer::default()
    };
    match &args.config {
        Some(path) => Config::load(Some(path), flags),
        None => Ok(Config::of(None, flags)),
    }
}

fn write(output: OutputFormat, report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    match output {
        OutputFormat::Json => write_json(report, out),
        OutputFormat::Table => write_table(report, None, out),
    }
}

fn host(args: &ReplayArgs) -> Result<Box<HostTable>, Failure> {
    let mut host = Box::new(HostTable::UNKNOWN);
    for socket in &args.sockets {
        host.sockets.insert(socket.transport, socket.port);
    }
    if args.local.is_empty() {
        return Ok(host);
    }
    let mut local = LocalAddresses::default();
    for address in &args.local {
        match address {
            IpAddr::V4(address) => local.v4.insert(*address),
            IpAddr::V6(address) => local.v6.insert(*address),
        };
    }
    let published = publish(&local);
    if !published.left_out.is_empty() {
        return Err(Failure::new(
            Code::Usage,
            format!("{} local addresses are more than the tables hold", args.local.len()),
        ));
    }
    host.local[0] = *published.local;
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_written_as_transport_and_port() {
        let port = SocketPort { transport: Transport::UdpLite, port: 1023 };
        assert_eq!("udplite/1023".parse(), Ok(port));
        for wrong in ["81", "tcp/", "tcp/1024", "TCP/81", "icmp/8", "tcp/-1", "tcp/81/82", ""] {
            assert!(wrong.parse::<SocketPort>().is_err(), "{wrong}");
        }
    }
}
