//! The answer for people: a line for each socket, and what is known of its owners below.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::document::{Document, Found, Owner, Socket};
use crate::{
    text::{Printable, shorten::clip, time::rfc3339_seconds},
    who::{self, OnDisk, Through},
};

/// The JSON has the rest of a longer command line, as far as it is kept.
const COMMAND: usize = 160;

/// Peers that a line names.
const PEERS: usize = 3;

/// Below the column of the addresses.
const INDENT: &str = "               ";

pub(super) fn write(document: &Document<'_>, out: &mut impl Write) -> io::Result<()> {
    let found = &document.found;
    // Sockets that could not be listed may be there.
    if found.sockets.is_empty() && !document.is_partial {
        let ports = match &*document.asked {
            "watched" => "an unassigned port",
            asked => asked,
        };
        writeln!(out, "no socket is bound to {ports}")?;
    }
    sockets(found, out)?;
    found.limits.iter().try_for_each(|limit| writeln!(out, "not seen: {}", Printable(limit)))
}

/// The sockets, where there are any, and the transports of which none can be there or be seen.
pub(in crate::cli) fn sockets(found: &Found<'_>, out: &mut impl Write) -> io::Result<()> {
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
        let names = found.absent_transports.join(", ");
        writeln!(out, "{names}: this kernel does not have it, or not loaded")?;
    }
    for (transport, why) in found.unseen {
        writeln!(out, "{transport}: not seen: {}", Printable(why))?;
    }
    Ok(())
}

fn socket(found: &Found<'_>, socket: &Socket<'_>, out: &mut impl Write) -> io::Result<()> {
    let what = socket.description.as_deref().unwrap_or("not a well-known port");
    writeln!(
        out,
        "{:<9} {:>4} {:<11} {:<24} {}{}",
        socket.transport,
        socket.port,
        socket.state,
        address(socket),
        count(socket),
        Printable(what),
    )?;
    if found.network_namespaces.len() > 1 {
        let inode = socket.network_namespace;
        let namespace = found.network_namespaces.iter().find(|it| it.inode == inode);
        let name = namespace.and_then(|it| it.name);
        let name = name.map_or_else(String::new, |it| format!(" ({it})"));
        writeln!(out, "{INDENT}in network namespace {inode}{}", Printable(name))?;
    }
    if let Some(peers) = peers(socket) {
        writeln!(out, "{INDENT}peer {peers}")?;
    }
    nobody(socket, out)?;
    for owner in &socket.processes {
        self::owner(owner, out)?;
    }
    if socket.more_processes > 0 {
        writeln!(out, "{INDENT}and {} more processes", socket.more_processes)?;
    }
    knocks(socket, out)
}

/// `*` is any address of either family.
fn address(socket: &Socket<'_>) -> String {
    let address = match socket.dual_stack {
        true => "*".to_owned(),
        false => socket.address.to_string(),
    };
    match socket.device {
        Some(device) => format!("{address}%{}", Printable(device)),
        None => address,
    }
}

fn count(socket: &Socket<'_>) -> String {
    match socket.sockets {
        1 => String::new(),
        many => format!("{many} sockets; "),
    }
}

fn peers(socket: &Socket<'_>) -> Option<String> {
    let named: Vec<String> = socket
        .peers
        .iter()
        .take(PEERS)
        .map(|peer| match peer.address.is_ipv6() {
            true => format!("[{}]:{}", peer.address, peer.port),
            false => format!("{}:{}", peer.address, peer.port),
        })
        .collect();
    let more = socket.sockets.saturating_sub(named.len());
    match (named.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named.join(", ")),
        (false, more) => Some(format!("{} and {more} more", named.join(", "))),
    }
}

/// What is known where no process is.
fn nobody(socket: &Socket<'_>, out: &mut impl Write) -> io::Result<()> {
    let why = match socket.owner {
        who::Owner::Process if !socket.processes.is_empty() => return Ok(()),
        who::Owner::Process => "its process has just ended",
        who::Owner::Unaccepted => {
            return writeln!(
                out,
                "{INDENT}no process has taken the connection yet: it waits in its listener's queue"
            );
        }
        who::Owner::Unseen => "no process was seen that has it, and not all could be looked into",
        who::Owner::None => {
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
        let path = cgroup.path.unwrap_or("not found");
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

fn owner(owner: &Owner<'_>, out: &mut impl Write) -> io::Result<()> {
    let through = match owner.through {
        Through::Descriptor => String::new(),
        Through::Thread(thread) => format!(", in its thread {thread} alone"),
        Through::IoUring => ", without a descriptor, in an io_uring".to_owned(),
    };
    let since = owner
        .started
        .map_or_else(String::new, |started| format!(", since {}", rfc3339_seconds(started)));
    writeln!(
        out,
        "{INDENT}process {} ({}), user {}{since}{through}",
        owner.pid,
        Printable(owner.name.unwrap_or("?")),
        user(owner.user.as_deref(), owner.uid),
    )?;
    if let Some(exe) = owner.exe {
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
    match owner.cgroup {
        Some(cgroup) if cgroup.path != "/" => {
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

fn knocks(socket: &Socket<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(knocked) = socket.knocks else {
        return Ok(());
    };
    write!(
        out,
        "{INDENT}{} conversation starts came for a socket, {} before there was one",
        knocked.local_socket, knocked.packets
    )?;
    let mut lead = "; last from";
    for source in &knocked.sources {
        let last = rfc3339_seconds(source.last_seen);
        write!(out, "{lead} {} ({last})", source.source)?;
        lead = ",";
    }
    match knocked.more_sources {
        0 => writeln!(out),
        more => writeln!(out, " and {more} more sources"),
    }
}
