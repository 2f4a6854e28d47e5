//! The one line that people read, wherever it goes.

use crate::{
    event::Event,
    listeners::{Listener, Notice, What},
    outbound::Started,
    scan::Alert,
    text::{escape::quoted, shorten::start, time, words::counted},
    too_deep::{TooDeepAlert, limit},
    who::{Behind, OnDisk, Owner, Process, Sender},
};

use super::{ports, words};

/// Ranges of ports that an alert names.
const RANGES: usize = 8;

/// Processes that a line names.
const PROCESSES: usize = 2;

/// Characters of a path, or of what a process calls itself, in a line.
const CLIPPED: usize = 256;

/// `eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL 54`.
pub(super) fn event(event: &Event) -> String {
    let mut text = format!(
        "{} {} {}/{}",
        named(&event.interface),
        words::verdict(event),
        event.transport,
        event.port
    );
    let headers = &event.headers;
    if let Some(destination) = headers.destination {
        text.push_str(&format!(" of {destination}"));
    }
    text.push_str(&format!(
        ", {} from {} port {}",
        words::shape(event.shape),
        event.source,
        event.source_port
    ));
    if let Some(hop_limit) = headers.hop_limit {
        text.push_str(&format!(", TTL {hop_limit}"));
    }
    if !headers.vlans.is_empty() {
        let vlans: Vec<String> = headers.vlans.iter().map(u16::to_string).collect();
        text.push_str(&format!(", VLAN {}", vlans.join(".")));
    }
    if !event.is_first {
        text.push_str(", again");
    }
    text
}

/// `eth0 TCP SYN scan from 192.0.2.1: 284 ports of 1 address in 12s, 284 events, 284 dropped:
/// tcp/4,6,8 and 281 more`.
pub(super) fn alert(alert: &Alert) -> String {
    let end = if alert.is_end { "end of a " } else { "" };
    let slow = if alert.is_slow { "slow " } else { "" };
    let length = time::between(alert.first_seen, alert.last_seen);
    // Tenths of a second are enough, and a day does not need them.
    let length = std::time::Duration::from_millis(length.as_millis() as u64 / 100 * 100);
    format!(
        "{} {end}{slow}{} from {}: {} of {} in {}, {}, {} dropped: {}",
        named(&alert.sample.interface),
        alert.kind.phrase(),
        alert.source,
        counted(alert.ports.len() as u64, "port", "ports"),
        counted(alert.targets.len() as u64, "address", "addresses"),
        humantime::format_duration(length),
        counted(alert.events, "event", "events"),
        alert.dropped,
        ports::ranges(&alert.ports, RANGES),
    )
}

/// `tcp/12 of 0.0.0.0 has a listener: process 4711 (nc), user id 0, runs /usr/bin/nc`.
pub(super) fn notice(notice: &Notice) -> String {
    let place = match &notice.listener {
        Some(listener) => place(listener),
        None => format!("{}/{}", notice.transport, notice.port),
    };
    let listener = notice.listener.as_deref();
    let owner = listener.map_or_else(|| "it had gone before it was seen".to_owned(), owner);
    match &notice.what {
        What::Appeared { at_start: false } => format!("{place} has a listener: {owner}"),
        What::Appeared { at_start: true } => {
            format!("{place} has a listener, which was there before it was watched: {owner}")
        }
        What::Passed => {
            format!("{place} had a listener, which had gone when it was looked for: {owner}")
        }
        What::Left => format!("{place} has lost its listener: {owner}"),
        What::Reached { interface, packets, others } => {
            let others = match others {
                0 => String::new(),
                others => {
                    format!("; {} has the port too", counted(*others as u64, "other", "others"))
                }
            };
            format!(
                "{} {}/{}: {} reached a listener, from whom is not known: {owner}{others}",
                named(interface),
                notice.transport,
                notice.port,
                counted(*packets, "conversation start", "conversation starts"),
            )
        }
    }
}

/// `eth0 tcp/12 of 198.51.100.7: this host has started a conversation: process 4711 (nc), user id 0, runs
/// /usr/bin/nc`.
pub(super) fn started(started: &Started) -> String {
    let contact = &started.contact;
    format!(
        "{} {}/{} of {}: this host has started a conversation: {}",
        named(&contact.interface),
        contact.transport,
        contact.port,
        contact.destination,
        sender(&started.sender, contact.uid),
    )
}

/// `eth0 3 packets with more than 4 VLAN tags, 3 dropped`.
pub(super) fn too_deep(alert: &TooDeepAlert) -> String {
    format!(
        "{} {} with {}, {} dropped",
        named(&alert.interface),
        counted(alert.packets, "packet", "packets"),
        limit(alert.reason),
        alert.dropped,
    )
}

fn sender(sender: &Sender, uid: u32) -> String {
    let said = match sender.behind {
        Behind::Holders => "",
        Behind::Running => "it was running when the packet left: ",
        Behind::Ended => "it was running when the packet left, and has ended: ",
        Behind::Unseen => return format!("which process it was was not seen, user id {uid}"),
    };
    format!("{said}{}", several(&sender.processes, sender.more_processes))
}

/// The first of some processes.
fn several(processes: &[Process], more: usize) -> String {
    let named: Vec<String> = processes.iter().take(PROCESSES).map(process).collect();
    match processes.len().saturating_sub(PROCESSES) + more {
        0 => named.join("; "),
        more => format!("{} and {more} more", named.join("; ")),
    }
}

/// `tcp/12 of 0.0.0.0`; `*` is any address of either family.
fn place(listener: &Listener) -> String {
    let device =
        listener.device.as_ref().map(|name| format!("%{}", named(name))).unwrap_or_default();
    let address = match listener.dual_stack {
        true => "*".to_owned(),
        false => listener.address.to_string(),
    };
    format!("{}/{} of {address}{device}", listener.transport, listener.port)
}

fn owner(listener: &Listener) -> String {
    match listener.owner {
        Owner::Process => several(&listener.processes, listener.more_processes),
        Owner::None if listener.may_be_kernels() => {
            "no process: the kernel's own, or out of sight (user id 0)".to_owned()
        }
        Owner::None => format!("no process: out of sight (user id {})", listener.uid),
        Owner::Unseen if !listener.processes.is_empty() => {
            format!("bound by {}", several(&listener.processes, 0))
        }
        Owner::Unseen | Owner::Unaccepted => {
            let inode = match listener.inode {
                0 => String::new(),
                inode => format!(", inode {inode}"),
            };
            format!("which process it is was not seen (user id {}{inode})", listener.uid)
        }
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
    let of = |cgroup: &crate::who::Cgroup| cgroup.container.clone().or_else(|| cgroup.unit.clone());
    if let Some(of) = process.cgroup.as_ref().and_then(of) {
        text.push_str(&format!(", in {}", named(&of)));
    }
    text
}

/// A name that others have chosen, not too long.
pub(super) fn clipped(text: &str) -> String {
    start(text, CLIPPED).to_owned()
}

/// The same as a part of a sentence.
fn named(text: &str) -> String {
    quoted(start(text, CLIPPED))
}
