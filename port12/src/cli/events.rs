//! `port12 events`: what happened, as an EVE sink keeps it.

mod tail;

use std::{collections::VecDeque, io::Write, net::IpAddr, path::PathBuf, thread, time::Duration};

use serde_json::Value;

use self::tail::Tail;
use super::output::{OutputFormat, unless_closed};
use crate::{
    cli::failure::{Code, Failure},
    config::{Config, Layer},
    text::Printable,
};

/// How often it is looked for what has come.
const LOOK: Duration = Duration::from_millis(200);

/// Lists the events and alerts that the policy's first EVE file holds.
#[derive(Clone, Debug, clap::Args)]
pub struct EventsArgs {
    /// The policy file whose sinks are meant [default: /etc/port12/port12.toml, where it is there]
    #[arg(long, value_name = "FILE", env = "PORT12_CONFIG")]
    pub config: Option<PathBuf>,
    /// An EVE file, in place of the policy's
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Go on with what comes, through rotations of the file
    #[arg(short, long)]
    pub follow: bool,
    /// List so many at most, the last ones; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// Those of one source alone
    #[arg(long, value_name = "ADDR")]
    pub source: Option<IpAddr>,
    /// Those of one port alone
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// The form; json is the records as they are, one per line
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
}

/// Writes the list, and goes on until nobody reads it, where it is to follow.
///
/// # Errors
///
/// [`Failure`]: there is no such file, or it cannot be read.
pub fn run(args: &EventsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let path = path(args)?;
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(Code::Runtime, format!("{}: {error}", Printable(path.display())))
    };
    let mut tail = Tail::open(&path).map_err(|error| unreadable(&error))?;
    let mut last = VecDeque::new();
    let mut skipped = 0;
    tail.lines(|line| match shown(args, line) {
        Some(text) => {
            if args.limit > 0 && last.len() == args.limit {
                last.pop_front();
            }
            last.push_back(text);
        }
        None => skipped += usize::from(!is_meant_elsewhere(line)),
    })
    .map_err(|error| unreadable(&error))?;
    if skipped > 0 {
        super::output::tell(format_args!(
            "{}: {skipped} lines are no events of port12's",
            Printable(path.display())
        ));
    }
    let mut text: String = last.into_iter().collect();
    loop {
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if written.is_err() || !args.follow {
            return Ok(unless_closed(written)?);
        }
        thread::sleep(LOOK);
        text.clear();
        tail.lines(|line| text.extend(shown(args, line))).map_err(|error| unreadable(&error))?;
    }
}

fn path(args: &EventsArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let config = Config::load(args.config.as_deref(), Layer::default())?;
    config.sinks.value.iter().find_map(|sink| sink.eve_file()).map(Into::into).ok_or_else(|| {
        let why = "no sink keeps events in a file: name one with --file, or put one into the policy \
                   file, such as sinks = [\"eve:/var/log/port12/eve.json\"]";
        Failure::new(Code::Config, why)
    })
}

/// A record as it is to be written, where it is one that is asked for.
fn shown(args: &EventsArgs, line: &str) -> Option<String> {
    let record: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| record[key].as_str();
    let number = |key: &str| record[key].as_u64();
    let alert = record.get("alert")?;
    // What is about a listener, and what this host starts, has no source.
    let source: Option<IpAddr> = match text("src_ip") {
        Some(source) => Some(source.parse().ok()?),
        None => None,
    };
    let port = number("dest_port");
    if args.source.is_some_and(|wanted| Some(wanted) != source)
        || args.port.is_some_and(|wanted| port != Some(wanted.into()))
    {
        return None;
    }
    if args.output == OutputFormat::Json {
        return Some(format!("{line}\n"));
    }
    let end = |address: &str, port: Option<u64>| match (address.contains(':'), port) {
        (true, Some(port)) => format!("[{address}]:{port}"),
        (false, Some(port)) => format!("{address}:{port}"),
        (_, None) => address.to_owned(),
    };
    let line = format!(
        "{}  {}  {:<4}  {} -> {}  {}  {}",
        text("timestamp")?,
        text("in_iface").unwrap_or("-"),
        text("proto").unwrap_or("-"),
        source.map_or_else(|| "-".to_owned(), |it| end(&it.to_string(), number("src_port"))),
        end(text("dest_ip").unwrap_or("-"), port),
        alert["action"].as_str().unwrap_or("-"),
        alert["signature"].as_str().unwrap_or("-"),
    );
    Some(format!("{}\n", Printable(line)))
}

/// Whether a line is an event, whoever it is of.
fn is_meant_elsewhere(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|record| record["alert"].is_object())
}
