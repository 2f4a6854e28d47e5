//! Table of `port12 who`: a line for each socket, and its processes below.

use std::{
    fmt::Write as _,
    io::{self, Write},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{
        ProcessState, RegistryId, SocketGroup, SocketsState, Through,
        event::{Cgroup, OnDisk, Owner},
    },
    text::{
        Printable,
        shorten::clip,
        time::{self, rfc3339_seconds},
    },
};

/// The JSON has the rest of a longer command line, as far as it is kept.
const COMMAND: usize = 160;

/// Peers that a line names.
const PEERS: usize = 3;

/// Below the column of the addresses.
const INDENT: &str = "               ";

/// Sockets on the ports that were asked for, and the moment of the answer.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WhoReport {
    /// Moment of the answer.
    #[serde(with = "time")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub time: SystemTime,
    /// `watched`, or the ports as they were asked for.
    pub asked: String,
    /// Registry that describes the ports.
    pub registry: RegistryId,
    /// Sockets.
    #[serde(flatten)]
    pub found: SocketsState,
}

/// Writes the sockets, their processes, and what could not be seen. `is_partial`: sockets may be missing.
///
/// # Errors
///
/// The error of the writer.
pub fn write_who(report: &WhoReport, is_partial: bool, out: &mut impl Write) -> io::Result<()> {
    let found = &report.found;
    // Sockets that could not be listed may be there.
    if found.sockets.is_empty() && !is_partial {
        let ports = match &*report.asked {
            "watched" => "an unassigned port",
            asked => asked,
        };
        writeln!(out, "no socket is bound to {ports}")?;
    }
    write_sockets(found, out)?;
    found.limits.iter().try_for_each(|limit| writeln!(out, "not seen: {}", Printable(limit)))
}

/// Writes the sockets, if there are any, and the transports that the kernel does not have.
pub(super) fn write_sockets(found: &SocketsState, out: &mut impl Write) -> io::Result<()> {
    if !found.sockets.is_empty() {
        writeln!(
            out,
            "{:<9} {:>4} {:<11} {:<24} WHAT IT IS",
            "TRANSPORT", "PORT", "STATE", "LOCAL ADDRESS"
        )?;
    }
    for socket in &found.sockets {
        self::socket(found, socket, out)?;
    }
    if !found.absent_transports.is_empty() {
        let names: Vec<&str> = found.absent_transports.iter().map(|it| it.as_str()).collect();
        let names = names.join(", ");
        writeln!(out, "{names}: this kernel does not have it, or not loaded")?;
    }
    Ok(())
}

fn socket(found: &SocketsState, socket: &SocketGroup, out: &mut impl Write) -> io::Result<()> {
    let what = socket.description.as_deref().unwrap_or("not a well-known port");
    writeln!(
        out,
        "{:<9} {:>4} {:<11} {:<24} {}{}",
        socket.id.transport,
        socket.id.port,
        socket.state.as_str(),
        address(socket),
        count(socket),
        Printable(what),
    )?;
    if found.network_namespaces.len() > 1 {
        let inode = socket.network_namespace;
        let namespace = found.network_namespaces.iter().find(|it| it.inode == inode);
        let name = namespace.and_then(|it| it.name.as_deref());
        let name = name.map_or_else(String::new, |it| format!(" ({it})"));
        writeln!(out, "{INDENT}in network namespace {inode}{}", Printable(name))?;
    }
    if let Some(peers) = peers(socket) {
        writeln!(out, "{INDENT}peer {peers}")?;
    }
    nobody(socket, out)?;
    for owner in &socket.processes {
        process(owner, out)?;
    }
    if socket.more_processes > 0 {
        writeln!(out, "{INDENT}and {} more processes", socket.more_processes)?;
    }
    probes(socket, out)
}

/// `*` is any address of either family.
fn address(socket: &SocketGroup) -> String {
    let address = match socket.dual_stack {
        true => "*".to_owned(),
        false => socket.address.to_string(),
    };
    match &socket.device {
        Some(device) => format!("{address}%{}", Printable(device)),
        None => address,
    }
}

fn count(socket: &SocketGroup) -> String {
    match socket.sockets {
        1 => String::new(),
        many => format!("{many} sockets; "),
    }
}

fn peers(socket: &SocketGroup) -> Option<String> {
    let named: Vec<String> = socket
        .peers
        .iter()
        .take(PEERS)
        .map(|peer| match peer.address.is_ipv6() {
            true => format!("[{}]:{}", peer.address, peer.id.port),
            false => format!("{}:{}", peer.address, peer.id.port),
        })
        .collect();
    let more = socket.sockets.saturating_sub(named.len());
    match (named.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named.join(", ")),
        (false, more) => Some(format!("{} and {more} more", named.join(", "))),
    }
}

/// Facts about a socket without a process.
fn nobody(socket: &SocketGroup, out: &mut impl Write) -> io::Result<()> {
    let why = match socket.owner {
        Owner::Process if !socket.processes.is_empty() => return Ok(()),
        Owner::Process => "its process has just ended",
        Owner::Unaccepted => {
            return writeln!(
                out,
                "{INDENT}no process has taken the connection yet: it waits in its listener's queue"
            );
        }
        Owner::Unseen => "no process was seen that has it, and not all could be looked into",
        Owner::None => {
            "no process has a descriptor of it: the kernel's own (NFS, lockd, VXLAN, WireGuard), or \
             out of sight: in a message, a BPF map, an io_uring"
        }
    };
    writeln!(out, "{INDENT}{why}")?;
    let mut made = format!("made by user {}", user(socket.user.as_deref(), Some(socket.uid)));
    if let Some(inode) = socket.inodes.first() {
        let _ = write!(made, ", inode {inode}");
    }
    if let Some(cgroup) = &socket.cgroup {
        let path = cgroup.path.as_deref().unwrap_or("not found");
        let _ = write!(made, ", in cgroup {} ({})", cgroup.id, Printable(path));
    }
    writeln!(out, "{INDENT}{made}")
}

fn user(name: Option<&str>, uid: Option<u32>) -> String {
    match (name, uid) {
        (Some(name), _) => Printable(name).to_string(),
        (None, Some(uid)) => format!("{uid} (no name)"),
        (None, None) => "unknown".to_owned(),
    }
}

fn process(owner: &ProcessState, out: &mut impl Write) -> io::Result<()> {
    let through = match (owner.through, owner.thread) {
        (Some(Through::Thread), Some(thread)) => format!(", in its thread {thread} alone"),
        (Some(Through::IoUring), _) => ", without a descriptor, in an io_uring".to_owned(),
        (Some(Through::Descriptor | Through::Thread) | None, _) => String::new(),
    };
    let since = owner
        .started
        .map_or_else(String::new, |started| format!(", since {}", rfc3339_seconds(started)));
    writeln!(
        out,
        "{INDENT}process {} ({}), user {}{since}{through}",
        owner.pid,
        Printable(owner.name.as_deref().unwrap_or("?")),
        user(owner.user.as_deref(), owner.uid),
    )?;
    if let Some(exe) = &owner.exe {
        let on_disk = match owner.exe_on_disk {
            OnDisk::Deleted => ", which is DELETED",
            OnDisk::Replaced => ", which has been REPLACED by another file",
            OnDisk::Intact | OnDisk::Unknown => "",
        };
        writeln!(out, "{INDENT}  runs {}{on_disk}", Printable(exe))?;
    }
    if !owner.command.is_empty() {
        let command = Printable(owner.command.join(" ")).to_string();
        writeln!(out, "{INDENT}  as {}", clip(&command, COMMAND))?;
    }
    match &owner.cgroup {
        Some(cgroup @ Cgroup { .. }) if cgroup.path != "/" => {
            let of = |kind: &str, name: &Option<String>| {
                let name = name.as_ref().map(|name| format!("{kind} {name}, "));
                Printable(name.unwrap_or_default()).to_string()
            };
            writeln!(
                out,
                "{INDENT}  {}{}cgroup {}",
                of("unit", &cgroup.unit),
                of("container", &cgroup.container),
                Printable(&cgroup.path)
            )
        }
        _ => Ok(()),
    }
}

fn probes(socket: &SocketGroup, out: &mut impl Write) -> io::Result<()> {
    let Some(probes) = &socket.probes else {
        return Ok(());
    };
    write!(
        out,
        "{INDENT}{} conversation starts came for a socket, {} before there was one",
        probes.local_socket, probes.packets
    )?;
    let mut lead = "; last from";
    for source in &probes.sources {
        let last = rfc3339_seconds(source.last_seen);
        write!(out, "{lead} {} ({last})", source.source)?;
        lead = ",";
    }
    match probes.more_sources {
        0 => writeln!(out),
        more => writeln!(out, " and {more} more sources"),
    }
}
