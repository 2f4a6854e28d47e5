//! Processes, and how they are tied to sockets and packets.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Fields, Value};
use crate::text::{escape::quoted, shorten::start};

/// Processes that a document lists.
pub(super) const PROCESSES: usize = 4;

/// Processes that a line names.
const NAMED: usize = 2;

/// Characters of a path, or of what a process calls itself.
const CLIPPED: usize = 256;

/// A process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Process {
    /// Its id, in the namespace of this process.
    pub pid: i32,
    /// Name that it gives itself.
    pub name: Option<String>,
    /// Its command line: what it says that it was started with.
    pub command: Vec<String>,
    /// Whether the command line is longer.
    pub command_cut: bool,
    /// Program that it runs.
    pub program: Option<Program>,
    /// Its effective user id.
    pub uid: Option<u32>,
    /// When it was started.
    pub started: Option<SystemTime>,
    /// Its cgroup.
    pub cgroup: Option<Cgroup>,
}

/// File in the place that a program was started from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnDisk {
    /// The program.
    Intact,
    /// Nothing.
    Deleted,
    /// Another file.
    Replaced,
    /// That cannot be told.
    Unknown,
}

/// A program that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// Where it was started from, as the process sees it.
    pub path: String,
    /// File in that place.
    pub on_disk: OnDisk,
}

/// A cgroup.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cgroup {
    /// Its path below the root of the cgroup namespace of this process.
    pub path: String,
    /// The systemd unit that it is of, a service or a scope.
    pub unit: Option<String>,
    /// The id of the container that it is of, or its name for LXC and systemd-nspawn.
    pub container: Option<String>,
}

/// Owner of a socket.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Processes.
    Process,
    /// No process has a descriptor of it: it is the kernel's own, or on its way between processes.
    None,
    /// None was seen, and not all could be looked into.
    Unseen,
    /// It is a connection that its listener has not taken yet.
    Unaccepted,
}

/// How it is known who has sent a packet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Behind {
    /// The processes have its socket.
    Holders,
    /// The process was running when the packet left, has the user of its socket, and nobody has the socket any
    /// longer: the sender, unless the packet had waited for the address of a neighbour.
    Running,
    /// The process was running when the packet left, and has ended since.
    Ended,
    /// Nobody was seen.
    Unseen,
}

impl Behind {
    /// Its name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holders => "process",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Unseen => "unseen",
        }
    }
}

/// Sender of a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// How that is known.
    pub behind: Behind,
    /// The processes, with the lowest numbers; none where nobody was seen.
    pub processes: Vec<Process>,
    /// Further processes.
    pub more_processes: usize,
}

impl Sender {
    /// Nobody was seen.
    pub const UNSEEN: Self =
        Self { behind: Behind::Unseen, processes: Vec::new(), more_processes: 0 };
}

impl OnDisk {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::Unknown => "unknown",
        }
    }
}

impl Owner {
    /// The name in records. A connection that was not taken yet has an owner that was not seen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::None => "none",
            Self::Unseen | Self::Unaccepted => "unseen",
        }
    }
}

/// Typed facts of processes.
pub(super) fn values(processes: &[Process]) -> Vec<Value> {
    processes.iter().map(value).collect()
}

fn value(process: &Process) -> Value {
    let program = process.program.as_ref();
    let cgroup = process.cgroup.as_ref();
    let command = process.command.join(" ");
    let text = |text: Option<&str>| Value::from(text.map(clipped));
    Value::object([
        ("pid", pid(process)),
        ("name", text(process.name.as_deref())),
        ("command", text((!command.is_empty()).then_some(&command))),
        ("exe", text(program.map(|it| &*it.path))),
        ("exe_on_disk", program.map(|it| it.on_disk.as_str()).into()),
        ("uid", process.uid.into()),
        ("started", process.started.into()),
        ("unit", text(cgroup.and_then(|it| it.unit.as_deref()))),
        ("container", text(cgroup.and_then(|it| it.container.as_deref()))),
    ])
}

/// No process has a number below 0.
fn pid(process: &Process) -> Value {
    u32::try_from(process.pid).ok().into()
}

/// Numbers and names of processes, to search for; of the first one, what it runs.
pub(super) fn add_fields(processes: &[Process], fields: &mut Fields) {
    let shown = &processes[..processes.len().min(PROCESSES)];
    let first = processes.first();
    let list = |texts: Vec<String>| if texts.is_empty() { Value::Absent } else { texts.into() };
    let names = shown.iter().filter_map(|process| process.name.as_deref());
    let exe = first.and_then(|it| it.program.as_ref()).map(|it| it.path.clone());
    fields.add("pid", list(shown.iter().map(|it| it.pid.to_string()).collect())).metadata();
    fields.add("process", list(names.map(clipped).collect())).metadata();
    fields.add("pid", first.map_or(Value::Absent, pid)).journal().message("PID");
    fields.add("process", first.and_then(|it| it.name.clone())).journal();
    fields.add("exe", exe).journal();
}

/// The first of some processes.
pub(super) fn several(processes: &[Process], more: usize) -> String {
    let named: Vec<String> = processes.iter().take(NAMED).map(process).collect();
    match processes.len().saturating_sub(NAMED) + more {
        0 => named.join("; "),
        more => format!("{} and {more} more", named.join("; ")),
    }
}

/// `process 4711 (nc), user id 0, runs /usr/bin/nc, which is DELETED, in x.service`.
fn process(process: &Process) -> String {
    let name = process.name.as_deref().unwrap_or("?");
    let mut text = format!("process {} ({})", process.pid, named(name));
    if let Some(uid) = process.uid {
        text.push_str(&format!(", user id {uid}"));
    }
    if let Some(program) = &process.program {
        let on_disk = match program.on_disk {
            OnDisk::Deleted => ", which is DELETED",
            OnDisk::Replaced => ", which has been REPLACED by another file",
            OnDisk::Intact | OnDisk::Unknown => "",
        };
        text.push_str(&format!(", runs {}{on_disk}", named(&program.path)));
    }
    let of = |cgroup: &Cgroup| cgroup.container.clone().or_else(|| cgroup.unit.clone());
    if let Some(of) = process.cgroup.as_ref().and_then(of) {
        text.push_str(&format!(", in {}", named(&of)));
    }
    text
}

/// A name that others have chosen, not too long.
fn clipped(text: &str) -> String {
    start(text, CLIPPED).to_owned()
}

/// The same as a part of a sentence.
pub(super) fn named(text: &str) -> String {
    quoted(start(text, CLIPPED))
}
