//! Table of `port12 status`.

use std::{
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use crate::{
    kernel::foreign,
    model::{
        HostChange, InterfaceState, Place, State, UnpinnedProgram, XdpMode, event::ModeChange,
    },
    text::{Printable, time::rfc3339_seconds},
};

/// Writes the status: a row for each interface, and lines about its place, mode and surroundings.
///
/// # Errors
///
/// The error of the writer.
pub fn write_status(state: &State, pin_dir: &Path, out: &mut impl Write) -> io::Result<()> {
    match &state.daemon {
        Some(daemon) => {
            let name = daemon.name.as_deref().unwrap_or("name unknown");
            writeln!(out, "daemon: process {} ({})", daemon.pid, Printable(name))?;
        }
        None => writeln!(out, "daemon: none")?,
    }
    let unpinned = state.unpinned.as_deref().unwrap_or_default();
    unpinned.iter().try_for_each(|it| write_unpinned(it, pin_dir, out))?;
    if state.interfaces.is_empty() {
        return match unpinned.is_empty() {
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
    for it in &state.interfaces {
        write_row(it, out)?;
        for line in remarks(it, state.daemon.is_some()) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn write_unpinned(it: &UnpinnedProgram, pin_dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let UnpinnedProgram { interface, program_id, name } = it;
    let (interface, directory) = (Printable(interface), pin_dir.display());
    match name {
        Some(_) => writeln!(
            out,
            "{interface}: port12's program {program_id} is attached, and not pinned in {directory}: \
             `port12 bypass`, run as root, reaches it"
        ),
        None => writeln!(
            out,
            "{interface}: the XDP program {program_id} may be port12's: to read its name requires \
             CAP_SYS_ADMIN"
        ),
    }
}

fn write_row(it: &InterfaceState, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<15} {:<8} {:>7} {:<16} {:<20} {:<7} {:<6} {:>6} {:>6} {:>6} {:>7}",
        Printable(&it.interface),
        it.xdp_mode.map_or("none", XdpMode::as_str),
        it.program.id.map_or_else(|| "?".to_owned(), |id| id.to_string()),
        it.program.tag.as_deref().unwrap_or("?"),
        rfc3339_seconds(it.attached_at.unwrap_or(SystemTime::UNIX_EPOCH)),
        it.mode.effective.as_str(),
        if it.persistent == Some(true) { "yes" } else { "no" },
        it.policy.watch,
        it.policy.drop + it.policy.enforce,
        it.policy.ignore,
        it.allowed.map_or_else(|| "?".to_owned(), |count| count.to_string()),
    )
}

/// Lines below the row of an interface.
fn remarks(it: &InterfaceState, has_daemon: bool) -> Vec<String> {
    let mut lines = Vec::from_iter(place(it));
    lines.extend(ModeChange::to(&it.mode).map(|change| change.phrase()));
    lines.extend(it.not_dropped.as_ref().map(ToString::to_string));
    lines.extend(it.vlan_tags.as_ref().and_then(|tags| tags.line(&it.interface)));
    lines.extend(host_changes(it));
    if it.sockets_fresh == Some(false) {
        let why = if has_daemon { "" } else { "no daemon keeps it: " };
        lines.push(format!("{why}the program looks sockets up by itself"));
    }
    lines
}

/// Lines about changes of the host that the program of an interface does not take into account.
pub fn host_changes(it: &InterfaceState) -> impl Iterator<Item = String> {
    let line = |change: &HostChange| format!("{}: {change}", Printable(&it.interface));
    it.host_changes.iter().flatten().map(line)
}

/// Line about a program that another process detached.
pub fn detached(it: &InterfaceState) -> String {
    let instead = match it.other_program_id {
        Some(id) => format!("attached instead: {}", foreign::describe(id)),
        None => "no XDP program is attached".to_owned(),
    };
    format!(
        "{}: port12's XDP program was detached by another process; {instead}",
        Printable(&it.interface)
    )
}

/// Place of the program, if not the one of its pins.
fn place(it: &InterfaceState) -> Option<String> {
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
