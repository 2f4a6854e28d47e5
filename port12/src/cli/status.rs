//! `port12 status`: what is attached, and what it is told to do.

use std::{io::Write, time::SystemTime};

use serde::Serialize;

use super::{
    host_changes,
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    registry::RegistryArgs,
};
use crate::{
    cli::failure::{Code, Failure},
    kernel::{
        foreign,
        pin::{self, Holder},
        pinned::Pinned,
        unpinned::Unpinned,
    },
    model::{InterfaceState, Place, XdpMode},
    query::{self, VlanTags},
    registry::Registry,
    text::{Printable, time::rfc3339_seconds},
    watch::tell,
};

/// Tells what is attached, without a daemon.
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

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document {
    /// The process that keeps sockets and addresses true, where there is one.
    daemon: Option<Daemon>,
    interfaces: Vec<Interface>,
    /// Programs of port12, or that may be, which are pinned nowhere in the directory.
    unpinned: Vec<UnpinnedProgram>,
}

/// A program that is attached to an interface, and that cannot be reached by pins.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnpinnedProgram {
    interface: String,
    program_id: u32,
    /// Null if it cannot be read: then it may be anybody's.
    name: Option<String>,
}

/// A process that holds the lock of a pin directory.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Daemon {
    pub(super) process: u32,
    pub(super) name: String,
}

impl From<Holder> for Daemon {
    fn from(Holder { process, name }: Holder) -> Self {
        Self { process, name }
    }
}

/// An interface with pinned maps.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Interface {
    #[serde(flatten)]
    pub(super) state: InterfaceState,
    /// Place of the outermost VLAN tag of a received frame; null if the program is on no interface here.
    pub(super) vlan_tags: Option<VlanTags>,
    /// Changes of the host that a program without a daemon does not know of, for people.
    pub(super) warnings: Vec<String>,
}

/// Writes the status.
///
/// # Errors
///
/// [`Failure`]: what is pinned cannot be read.
pub fn run(args: &StatusArgs, out: &mut impl Write) -> Result<(), Failure> {
    let registry = args.registry.load()?;
    let holder = pin::holder(&args.pins.pin_dir);
    let mut interfaces = Vec::new();
    for slot in args.pins.slots()? {
        if let Some(pinned) = Pinned::open_settled(slot)? {
            interfaces.push(Interface::of(&pinned, &args.pins, &registry)?);
        }
    }
    let daemon = holder.map(Daemon::from);
    let unpinned = unpinned(&interfaces)?;
    let document = Document { daemon, interfaces, unpinned };
    let written = match args.output {
        OutputFormat::Table => table(&document, args, out).map_err(Into::into),
        OutputFormat::Json => write_json(&document, out),
    };
    unless_closed(written)?;
    document.verdict()
}

/// Programs that the pins do not lead to.
fn unpinned(interfaces: &[Interface]) -> Result<Vec<UnpinnedProgram>, Failure> {
    let states = interfaces.iter().map(|it| &it.state);
    // Where another program is in the place of port12's, the interface says so.
    let known = states.flat_map(|it| [it.program.id, it.other_program_id]).flatten().collect();
    let mut found = Unpinned::list(&known)?;
    found.retain(|it| it.is_port12() != Some(false));
    let found = found.into_iter().map(|Unpinned { interface, program, name }| UnpinnedProgram {
        interface,
        program_id: program,
        name,
    });
    Ok(found.collect())
}

impl Document {
    /// Whether what is pinned is attached.
    fn verdict(&self) -> Result<(), Failure> {
        let states = || self.interfaces.iter().map(|it| &it.state);
        let taken = states().find(|it| it.other_program_id.is_some());
        let bare = states().find(|it| it.place == Place::Detached);
        if let Some(it) = taken.or(bare) {
            let code = if taken.is_some() { Code::Foreign } else { Code::Config };
            return Err(Failure::new(code, detached(it)));
        }
        let is_attached = |it: &InterfaceState| match it.place {
            Place::Attached | Place::Elsewhere => true,
            Place::Detached | Place::Gone | Place::Capture => false,
        };
        let is_known = |it: &UnpinnedProgram| it.name.is_some();
        if states().any(is_attached) || self.unpinned.iter().any(is_known) {
            return Ok(());
        }
        Err(Failure::new(
            Code::Config,
            "nothing is attached: `port12 attach` or `port12 run` attaches, and `port12 check` \
             checks whether they can",
        ))
    }
}

impl Interface {
    /// State of a pinned interface.
    ///
    /// # Errors
    ///
    /// [`Failure`]: it cannot be read.
    pub(super) fn of(
        pinned: &Pinned,
        pins: &PinArgs,
        registry: &Registry,
    ) -> Result<Self, Failure> {
        let state = query::pinned_interface(pinned, registry)?;
        let attachment = pinned.attachment()?;
        Ok(Self {
            state,
            vlan_tags: attachment.map(|(link, mode)| VlanTags::of(&link, mode)),
            warnings: host_changes::warnings(pins, pinned),
        })
    }
}

/// A line about a program that another process detached.
fn detached(it: &InterfaceState) -> String {
    let instead = match it.other_program_id {
        Some(id) => format!("attached instead: {}", foreign::describe(id)),
        None => "no XDP program is attached".to_owned(),
    };
    format!(
        "{}: port12's XDP program was detached by another process; {instead}",
        Printable(&it.interface)
    )
}

fn table(document: &Document, args: &StatusArgs, out: &mut impl Write) -> std::io::Result<()> {
    match &document.daemon {
        Some(daemon) => writeln!(out, "daemon: process {} ({})", daemon.process, daemon.name)?,
        None => writeln!(out, "daemon: none")?,
    }
    let directory = args.pins.pin_dir.display();
    for UnpinnedProgram { interface, program_id, name } in &document.unpinned {
        let interface = Printable(interface);
        match name {
            Some(_) => writeln!(
                out,
                "{interface}: port12's program {program_id} is attached, and not pinned in \
                 {directory}: `port12 bypass`, run as root, reaches it"
            )?,
            None => writeln!(
                out,
                "{interface}: the XDP program {program_id} may be port12's: to read its name \
                 requires CAP_SYS_ADMIN"
            )?,
        }
    }
    if document.interfaces.is_empty() {
        return match document.unpinned.is_empty() {
            true => writeln!(out, "nothing is attached"),
            false => Ok(()),
        };
    }
    writeln!(
        out,
        "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<6} {:>6} {:>6} {:>6} {:>7}",
        "INTERFACE",
        "XDP",
        "PROGRAM",
        "TAG",
        "SINCE",
        "MODE",
        "PINNED",
        "WATCH",
        "DROP",
        "IGNORE",
        "ALLOWED"
    )?;
    for Interface { state: it, vlan_tags, warnings } in &document.interfaces {
        let attached_at = it.attached_at.unwrap_or(SystemTime::UNIX_EPOCH);
        writeln!(
            out,
            "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<6} {:>6} {:>6} {:>6} {:>7}",
            Printable(&it.interface),
            it.xdp_mode.map_or("none", XdpMode::as_str),
            it.program.id.map_or_else(|| "?".to_owned(), |id| id.to_string()),
            it.program.tag.as_deref().unwrap_or("?"),
            rfc3339_seconds(attached_at),
            it.mode.effective.as_str(),
            if it.persistent == Some(true) { "yes" } else { "no" },
            it.policy.watch,
            it.policy.drop + it.policy.enforce,
            it.policy.ignore,
            it.allowed.map_or_else(|| "?".to_owned(), |count| count.to_string()),
        )?;
        if let Some(line) = whereabouts(it) {
            writeln!(out, "  {line}")?;
        }
        if let Some(advice) = tell(&it.mode) {
            writeln!(out, "  {advice}")?;
        }
        if let Some(not_dropped) = &it.not_dropped {
            writeln!(out, "  {not_dropped}")?;
        }
        if let Some(line) = vlan_tags.as_ref().and_then(VlanTags::line) {
            writeln!(out, "  {line}")?;
        }
        for warning in warnings {
            writeln!(out, "  {warning}")?;
        }
        if it.sockets_fresh == Some(false) {
            let why = if document.daemon.is_none() { "no daemon keeps it: " } else { "" };
            writeln!(out, "  {why}the program looks sockets up by itself")?;
        }
    }
    Ok(())
}

/// Where the program is, if not where its pins say.
fn whereabouts(it: &InterfaceState) -> Option<String> {
    match (it.place, &it.pinned_as) {
        (Place::Attached, None) | (Place::Capture, _) => None,
        (Place::Attached, Some(name)) => Some(format!(
            "attached as {}, and renamed since: its pins keep that name",
            Printable(name)
        )),
        (Place::Elsewhere, _) => {
            Some("the program is on an interface of another network namespace".to_owned())
        }
        (Place::Detached, _) => Some(format!(
            "{}; `port12 attach` attaches again, `port12 detach` removes its state",
            detached(it)
        )),
        (Place::Gone, _) => {
            Some("the program is on no interface: `port12 detach` clears it away".to_owned())
        }
    }
}
