//! Outbound flow starts, as a table.

use std::io::{self, Write};

use super::rate;
use crate::{
    model::{OutboundOwner, OutboundPort, OutboundState},
    text::{Printable, time::time_of_day, words::counted},
};

/// Owners of a port that are listed.
const OWNERS: usize = 3;

pub(super) fn write_outbound(
    report: &OutboundState,
    limit: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    if report.ports.is_empty() {
        writeln!(out, "this host has started no conversation with an unassigned port")?;
        return write_losses(report, out);
    }
    writeln!(
        out,
        "{:<15} {:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:<8}  WHAT IT IS",
        "OUTBOUND BY", "TRANSPORT", "PORT", "PACKETS", "BYTES", "PKT/S", "BIT/S", "LAST",
    )?;
    let mut rows: Vec<&OutboundPort> = report.ports.iter().collect();
    if limit.is_some() {
        rows.sort_by_key(|port| std::cmp::Reverse((port.last_seen, port.packets)));
    }
    for port in rows.iter().take(limit.unwrap_or(usize::MAX)) {
        writeln!(
            out,
            "{:<15} {:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:<8}  {}",
            Printable(&port.interface),
            port.transport,
            port.port,
            port.packets,
            port.bytes,
            rate(port.rates.map(|it| it.packets_per_second)),
            rate(port.rates.map(|it| it.bits_per_second)),
            time_of_day(port.last_seen),
            port.description,
        )?;
        for owner in port.owners.iter().take(OWNERS) {
            writeln!(out, "  {}", owner_line(owner))?;
        }
        match port.owners.len().saturating_sub(OWNERS) as u64 + port.more_owners {
            0 => {}
            more => writeln!(out, "  and {more} more")?,
        }
    }
    if let Some(limit) = limit
        && rows.len() > limit
    {
        writeln!(out, "and {} more outbound ports", rows.len() - limit)?;
    }
    write_losses(report, out)
}

/// `process 4711 (nc), user id 0, runs /usr/bin/nc, last to 198.51.100.7, 3 contacts`.
fn owner_line(owner: &OutboundOwner) -> String {
    let who = match (&*owner.owner, owner.pid) {
        (_, None) => "a process that was not seen".to_owned(),
        (kind, Some(pid)) => {
            let note = match kind {
                "running" => ", which was running when it left",
                "ended" => ", which was running when it left and has ended",
                _ => "",
            };
            format!("process {pid} ({}){note}", owner.name.as_deref().unwrap_or("?"))
        }
    };
    let runs = owner.exe.as_ref().map(|exe| format!(", runs {exe}")).unwrap_or_default();
    let contacts = counted(owner.contacts, "contact", "contacts");
    format!("{who}, user id {}{runs}, last to {}, {contacts}", owner.uid, owner.destination)
}

fn write_losses(report: &OutboundState, out: &mut impl Write) -> io::Result<()> {
    let OutboundState { rate_limited, lost, uncounted, .. } = report;
    let losses =
        [("contacts rate-limited", rate_limited), ("lost", lost), ("packets uncounted", uncounted)];
    let losses: Vec<String> = losses
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    match losses.is_empty() {
        true => Ok(()),
        false => writeln!(out, "  outbound: {}", losses.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use port12_common::Transport;

    use super::*;
    use crate::model::PortRates;

    fn owner(kind: &str, pid: Option<i32>) -> OutboundOwner {
        OutboundOwner {
            owner: kind.to_owned(),
            uid: 0,
            pid,
            name: pid.map(|_| "nc".to_owned()),
            exe: pid.map(|_| "/usr/bin/nc".to_owned()),
            contacts: 2,
            destination: [198, 51, 100, 7].into(),
            last_seen: SystemTime::UNIX_EPOCH,
        }
    }

    fn written(report: &OutboundState) -> String {
        let mut out = Vec::new();
        write_outbound(report, None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_port_has_a_line_and_so_has_each_of_its_owners() {
        let kinds = ["process", "ended", "running", "process", "process"];
        let mut owners: Vec<_> = kinds.map(|kind| owner(kind, Some(4711))).into();
        owners[2] = owner("unseen", None);
        let mut report = OutboundState {
            interfaces: Vec::new(),
            ports: vec![OutboundPort {
                interface: "eth0".to_owned(),
                transport: Transport::Tcp,
                port: 12,
                packets: 3,
                bytes: 180,
                rates: Some(PortRates { packets_per_second: 1.5, bits_per_second: 720.0 }),
                last_seen: SystemTime::UNIX_EPOCH,
                description: "unassigned".to_owned(),
                owners,
                more_owners: 4,
            }],
            emitted: 1,
            rate_limited: 7,
            lost: 0,
            uncounted: 0,
        };
        let text = written(&report);
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        assert!(lines[0].starts_with("OUTBOUND BY     TRANSPORT PORT   PACKETS"), "{text}");
        assert!(
            lines[1].starts_with("eth0            tcp         12         3        180"),
            "{text}"
        );
        assert!(lines[1].ends_with("00:00:00  unassigned"), "{text}");
        assert_eq!(
            lines[2],
            "  process 4711 (nc), user id 0, runs /usr/bin/nc, last to 198.51.100.7, 2 contacts"
        );
        assert!(
            lines[3]
                .starts_with("  process 4711 (nc), which was running when it left and has ended,")
        );
        assert!(
            lines[4].starts_with("  a process that was not seen, user id 0, last to"),
            "{text}"
        );
        assert_eq!(lines[5..], ["  and 6 more", "  outbound: contacts rate-limited 7"]);
        report.ports.clear();
        assert!(written(&report).starts_with("this host has started no conversation"));
    }
}
