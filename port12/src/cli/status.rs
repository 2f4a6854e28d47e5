//! `port12 status`: what is attached, and what it is told to do.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use port12_common::abi::Action;
use serde::Serialize;

use super::{
    host_changes,
    output::{OutputFormat, unless_closed, write_json},
    pins::PinArgs,
    vlan_tags::VlanTags,
};
use crate::{
    failure::{Code, Failure},
    kernel::not_dropped::NotDropped,
    kernel::{
        foreign,
        pin::{self, Holder},
        pinned::Pinned,
        state::{Rules, Standing},
        unpinned::Unpinned,
        whereabouts::Whereabouts,
    },
    text::{Printable, time::rfc3339_seconds},
    truth::TruthError,
    watch::tell,
};

/// The last second of the year 9999, in seconds since the epoch: the last that RFC 3339 can write.
const LAST_SECOND: u64 = 253_402_300_799;

/// Tells what is attached, without a daemon.
#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t, env = "PORT12_OUTPUT")]
    pub output: OutputFormat,
    /// Where
    #[command(flatten)]
    pub pins: PinArgs,
}

#[derive(Serialize)]
struct Document {
    /// The process that keeps sockets and addresses true, where there is one.
    daemon: Option<Daemon>,
    interfaces: Vec<Interface>,
    /// Programs of port12, or that may be, which are pinned nowhere in the directory.
    unpinned: Vec<UnpinnedProgram>,
}

/// A program that is attached to an interface, and that cannot be reached by pins.
#[derive(Serialize)]
struct UnpinnedProgram {
    interface: String,
    program_id: u32,
    /// Null if it cannot be read: then it may be anybody's.
    name: Option<String>,
}

/// A process that holds the lock of a pin directory.
#[derive(Serialize)]
pub(super) struct Daemon {
    pub(super) process: u32,
    pub(super) name: String,
}

impl From<Holder> for Daemon {
    fn from(Holder { process, name }: Holder) -> Self {
        Self { process, name }
    }
}

/// How many of a transport's ports have each action; the rest is assigned.
#[derive(Debug, Default, Serialize)]
pub(super) struct Ports {
    watch: u32,
    drop: u32,
    enforce: u32,
    ignore: u32,
}

/// An interface that has something pinned.
#[derive(Serialize)]
pub(super) struct Interface {
    pub(super) interface: String,
    /// The name that the pins are kept under, where the interface has another by now.
    pub(super) pinned_as: Option<String>,
    /// `native`, `generic`, `hardware`; null where the program is on no interface.
    pub(super) xdp_mode: Option<String>,
    /// Whether the program stays without a daemon.
    pub(super) persistent: bool,
    pub(super) program_id: u32,
    /// Null where the pinned program is not the attached one: an upgrade was cut off.
    pub(super) program_tag: Option<String>,
    pub(super) attached_at: String,
    pub(super) mode: &'static str,
    pub(super) standing: String,
    /// Seconds until drop mode reverts, where nobody has confirmed it.
    pub(super) reverts_in_seconds: Option<u64>,
    /// Whether what user space knows of sockets is fresh.
    pub(super) sockets_fresh: bool,
    pub(super) policy: Ports,
    pub(super) allowed: usize,
    /// The program that is on the interface in place of port12's.
    pub(super) other_program_id: Option<u32>,
    /// The transports whose probes drop mode passes there, if there are any.
    pub(super) not_dropped: Option<NotDropped>,
    /// Where the outermost VLAN tag of a received frame is; null where the program is on no interface.
    pub(super) vlan_tags: Option<VlanTags>,
    /// Changes of the host that a program without a daemon does not know of.
    pub(super) warnings: Vec<String>,
    #[serde(skip)]
    pub(super) advice: Option<String>,
    #[serde(skip)]
    pub(super) whereabouts: Whereabouts,
}

/// Writes the status.
///
/// # Errors
///
/// [`Failure`]: what is pinned cannot be read.
pub fn run(args: &StatusArgs, out: &mut impl Write) -> Result<(), Failure> {
    let holder = pin::holder(&args.pins.pin_dir);
    let mut interfaces = Vec::new();
    for slot in args.pins.slots()? {
        if let Some(pinned) = Pinned::open_settled(slot)? {
            interfaces.push(Interface::of(&pinned, &args.pins)?);
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
    let known = interfaces.iter().map(|it| it.program_id);
    // Where another program is in the place of port12's, the interface says so.
    let known = known.chain(interfaces.iter().filter_map(|it| it.other_program_id)).collect();
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
        let taken = self.interfaces.iter().find(|it| it.other_program_id.is_some());
        let bare = self.interfaces.iter().find(|it| it.is_detached());
        if let Some(it) = taken.or(bare) {
            let code = if taken.is_some() { Code::Foreign } else { Code::Config };
            return Err(Failure::new(code, it.detached()));
        }
        let is_attached = |it: &Interface| match it.whereabouts {
            Whereabouts::Here(..) | Whereabouts::Elsewhere => true,
            Whereabouts::Detached { .. } | Whereabouts::Vanished => false,
        };
        let is_known = |it: &UnpinnedProgram| it.name.is_some();
        if self.interfaces.iter().any(is_attached) || self.unpinned.iter().any(is_known) {
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
    /// What is pinned for it.
    ///
    /// # Errors
    ///
    /// [`Failure`]: it cannot be read.
    pub(super) fn of(pinned: &Pinned, pins: &PinArgs) -> Result<Self, Failure> {
        let now = pinned.now().map_err(TruthError::from)?;
        let standing = pinned.state().standing(&now);
        let until = match pinned.state().trial(&now) {
            Standing::Unconfirmed { until } => Some(until.saturating_sub(now.jiffies)),
            _ => None,
        };
        // Whatever stands there: somebody may have written over it.
        let attached_at = pinned.state().header().attached_at.min(LAST_SECOND);
        let attached_at = SystemTime::UNIX_EPOCH + Duration::from_secs(attached_at);
        let whereabouts = pinned.whereabouts()?;
        let (here, other_program_id) = match &whereabouts {
            Whereabouts::Here(link, mode) => (Some((link, mode)), None),
            Whereabouts::Detached { other } => (None, *other),
            Whereabouts::Elsewhere | Whereabouts::Vanished => (None, None),
        };
        let pinned_as = pinned.interface().to_owned();
        let interface = here.map_or(pinned_as.clone(), |(link, _)| link.name.clone());
        let drops = standing.drops() && here.is_some();
        Ok(Self {
            pinned_as: (pinned_as != interface).then_some(pinned_as),
            interface,
            xdp_mode: here.map(|(_, mode)| mode.to_string()),
            persistent: pinned.is_persistent(),
            program_id: pinned.program_id(),
            program_tag: pinned.program_tag().map(|tag| format!("{tag:016x}")),
            attached_at: rfc3339_seconds(attached_at),
            mode: if drops { "drop" } else { "monitor" },
            standing: standing.to_string(),
            reverts_in_seconds: until.map(|jiffies| jiffies.div_ceil(now.hz.max(1))),
            sockets_fresh: pinned.state().is_fresh(&now),
            policy: Ports::of(&pinned.state().rules()),
            allowed: pinned.allowlist()?.list()?.len(),
            advice: tell(standing, &now),
            other_program_id,
            not_dropped: here.and_then(|(link, _)| pinned.not_dropped(link, &now)),
            vlan_tags: here.map(|(link, &mode)| VlanTags::of(link, mode)),
            warnings: host_changes::warnings(pins, pinned),
            whereabouts,
        })
    }

    /// Whether another process detached the program, and the interface is there.
    fn is_detached(&self) -> bool {
        matches!(self.whereabouts, Whereabouts::Detached { .. })
    }

    /// A line about a program that another process detached.
    fn detached(&self) -> String {
        let instead = match self.other_program_id {
            Some(id) => format!("attached instead: {}", foreign::describe(id)),
            None => "no XDP program is attached".to_owned(),
        };
        format!(
            "{}: port12's XDP program was detached by another process; {instead}",
            Printable(&self.interface)
        )
    }
}

#[cfg(test)]
impl Interface {
    /// One that is watched in monitor mode.
    pub(super) fn named(name: &str) -> Self {
        Self {
            interface: name.to_owned(),
            pinned_as: None,
            xdp_mode: Some("native".to_owned()),
            persistent: false,
            program_id: 1,
            program_tag: None,
            attached_at: "1970-01-01T00:00:00Z".to_owned(),
            mode: "monitor",
            standing: Standing::Monitor.to_string(),
            reverts_in_seconds: None,
            sockets_fresh: true,
            policy: Ports::default(),
            allowed: 0,
            other_program_id: None,
            not_dropped: None,
            vlan_tags: None,
            warnings: Vec::new(),
            advice: None,
            whereabouts: Whereabouts::Elsewhere,
        }
    }
}

impl Ports {
    fn of(rules: &Rules) -> Self {
        let mut ports = Self::default();
        for rule in rules.iter().flatten() {
            match rule.action() {
                Action::Assigned => {}
                Action::Ignore => ports.ignore += 1,
                Action::Watch => ports.watch += 1,
                Action::Drop { enforce: false } => ports.drop += 1,
                Action::Drop { enforce: true } => ports.enforce += 1,
            }
        }
        ports
    }
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
        "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<5} {:>6} {:>6} {:>6} {:>7}",
        "INTERFACE",
        "XDP",
        "PROGRAM",
        "TAG",
        "SINCE",
        "MODE",
        "STAYS",
        "WATCH",
        "DROP",
        "IGNORE",
        "ALLOWED"
    )?;
    for it in &document.interfaces {
        writeln!(
            out,
            "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<5} {:>6} {:>6} {:>6} {:>7}",
            Printable(&it.interface),
            it.xdp_mode.as_deref().unwrap_or("none"),
            it.program_id,
            it.program_tag.as_deref().unwrap_or("?"),
            it.attached_at,
            it.mode,
            if it.persistent { "yes" } else { "no" },
            it.policy.watch,
            it.policy.drop + it.policy.enforce,
            it.policy.ignore,
            it.allowed,
        )?;
        if let Some(line) = whereabouts(it) {
            writeln!(out, "  {line}")?;
        }
        if let Some(advice) = &it.advice {
            writeln!(out, "  {advice}")?;
        }
        if let Some(not_dropped) = &it.not_dropped {
            writeln!(out, "  {not_dropped}")?;
        }
        if let Some(line) = it.vlan_tags.as_ref().and_then(VlanTags::line) {
            writeln!(out, "  {line}")?;
        }
        for warning in &it.warnings {
            writeln!(out, "  {warning}")?;
        }
        if !it.sockets_fresh {
            let why = if document.daemon.is_none() { "no daemon keeps it: " } else { "" };
            writeln!(out, "  {why}the program looks sockets up by itself")?;
        }
    }
    Ok(())
}

/// Where the program is, if not where its pins say.
fn whereabouts(it: &Interface) -> Option<String> {
    match (&it.whereabouts, &it.pinned_as) {
        (Whereabouts::Here(..), None) => None,
        (Whereabouts::Here(..), Some(name)) => Some(format!(
            "attached as {}, and renamed since: its pins keep that name",
            Printable(name)
        )),
        (Whereabouts::Elsewhere, _) => {
            Some("the program is on an interface of another network namespace".to_owned())
        }
        (Whereabouts::Detached { .. }, _) => Some(format!(
            "{}; `port12 attach` attaches again, `port12 detach` removes its state",
            it.detached()
        )),
        (Whereabouts::Vanished, _) => {
            Some("the program is on no interface: `port12 detach` clears it away".to_owned())
        }
    }
}
