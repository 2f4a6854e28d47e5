//! The table: for a terminal it is redrawn in place, into a pipe it is appended.

mod outbound;

use std::io::{self, Write};

use port12_common::Outcome;

use self::outbound::write_outbound;
use super::{InterfaceReport, Kind, PortReport, Report, SinkReport, SourcesReport, ToldReport};
use crate::{
    kernel::{banning::Deeds, events::Told},
    text::{
        Printable,
        time::{rfc3339_seconds, time_of_day},
        units::si,
        wrap::phrases,
    },
};

/// Writes a report as a table. `ports` bounds the rows, so that a redrawn table fits a terminal;
/// the most active ports come first then.
///
/// # Errors
///
/// What writing says.
pub fn write_table(report: &Report, ports: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let title = match report.kind {
        Kind::Interval => "",
        Kind::Totals => "  totals",
    };
    writeln!(
        out,
        "port12  {}  {} mode  {:.1} s  registry of {}{title}",
        rfc3339_seconds(report.time),
        report.mode,
        report.elapsed_seconds,
        report.registry_date,
    )?;
    writeln!(
        out,
        "{:<15} {:<14} {:>10} {:>8} {:>8} {:>8}",
        "INTERFACE", "XDP", "FRAMES", "FRAMES/S", "BIT/S", "OF LINK"
    )?;
    for interface in &report.interfaces {
        write_interface(interface, out)?;
    }
    write_ports(report, ports, out)?;
    if let Some(sources) = &report.sources {
        write_sources(sources, out)?;
    }
    if let Some(outbound) = &report.outbound {
        write_outbound(outbound, ports, out)?;
    }
    if let Some(told) = &report.told {
        write_told(told, out)?;
    }
    if let Some(capture) = &report.capture {
        writeln!(
            out,
            "capture: {}, {} frames, {} cut, {} by the user engine, {}",
            capture.format, capture.frames, capture.cut, capture.user_engine, capture.end
        )?;
    }
    writeln!(out)?;
    out.flush()
}

fn write_interface(interface: &InterfaceReport, out: &mut impl Write) -> io::Result<()> {
    let link = &interface.link;
    let share = interface.utilization.map_or("-".into(), |share| format!("{:.1}%", share * 100.0));
    let mode = if link.gone { "gone" } else { &link.xdp_mode };
    writeln!(
        out,
        "{:<15} {:<14} {:>10} {:>8} {:>8} {:>8}",
        Printable(&link.interface),
        mode,
        interface.frames.packets,
        si(interface.frames_per_second),
        si(interface.bits_per_second),
        share
    )?;
    if link.counted_at == "stack" {
        writeln!(out, "  counted in the stack: after GRO")?;
    }
    if let Some(reason) = &link.forwarding {
        writeln!(out, "  {reason}: a probe may have a taker behind this host")?;
    }
    if let Some(not_dropped) = &link.not_dropped {
        writeln!(out, "  {not_dropped}")?;
    }
    let counts = Outcome::ALL.into_iter().rev().filter_map(|outcome| {
        let packets = interface.outcomes.get(outcome.as_str())?.packets;
        (packets > 0 || outcome == Outcome::Probe).then(|| format!("{outcome} {packets}"))
    });
    out.write_all(phrases(counts).as_bytes())?;
    let too_deep = interface.too_deep.iter().map(|(name, excess)| match excess.dropped {
        0 => format!("{name} {}", excess.packets),
        dropped => format!("{name} {} ({dropped} dropped)", excess.packets),
    });
    let details = interface.malformed.iter().chain(&interface.shapes);
    let details = details.map(|(name, count)| format!("{name} {count}"));
    out.write_all(phrases(too_deep.chain(details)).as_bytes())?;
    let Told { told, suppressed, lost } = interface.events;
    let events = [("events", told), ("suppressed", suppressed), ("lost", lost)];
    let events = events.into_iter().filter(|(_, count)| *count > 0);
    out.write_all(phrases(events.map(|(name, count)| format!("{name} {count}"))).as_bytes())?;
    let Deeds { banned, overlooked, spared, refused } = interface.bans;
    let bans =
        [("bans", banned), ("overlooked", overlooked), ("spared", spared), ("refused", refused)];
    let bans = bans.into_iter().filter(|(_, count)| *count > 0);
    out.write_all(phrases(bans.map(|(name, count)| format!("{name} {count}"))).as_bytes())
}

fn write_told(told: &ToldReport, out: &mut impl Write) -> io::Result<()> {
    if told.alerts > 0 {
        let suppressed = match told.suppressed {
            0 => String::new(),
            count => format!(", {count} suppressed"),
        };
        writeln!(out, "alerts: {}{suppressed}", told.alerts)?;
    }
    for SinkReport { sink, written, lost } in &told.sinks {
        writeln!(out, "sink {}: {written} written, {lost} lost", Printable(sink))?;
    }
    Ok(())
}

fn write_sources(sources: &SourcesReport, out: &mut impl Write) -> io::Result<()> {
    if sources.top.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:<39} {:>9} {:>10} {:>5} LAST", "SOURCE", "PACKETS", "BYTES", "PORTS")?;
    for source in &sources.top {
        writeln!(
            out,
            "{:<39} {:>9} {:>10} {:>5} {}",
            source.source.to_string(),
            source.packets,
            source.bytes,
            source.ports,
            time_of_day(source.last_seen),
        )?;
    }
    match sources.remembered - sources.top.len() {
        0 => Ok(()),
        more => writeln!(out, "and {more} more sources: `port12 sources`"),
    }
}

fn write_ports(report: &Report, limit: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    if report.ports.is_empty() {
        return writeln!(out, "no unassigned port was hit");
    }
    let mut rows: Vec<&PortReport> = report.ports.iter().collect();
    if limit.is_some() {
        let activity = |port: &PortReport| (port.last_seen, port.packets);
        rows.sort_by_key(|port| std::cmp::Reverse(activity(port)));
    }
    let several = report.interfaces.len() > 1;
    let interface =
        |name: &str| if several { format!("{:<15} ", Printable(name)) } else { String::new() };
    writeln!(
        out,
        "{}{:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:>9} {:>7} {:<8}  WHAT IT IS",
        interface("INTERFACE"),
        "TRANSPORT",
        "PORT",
        "PACKETS",
        "BYTES",
        "PKT/S",
        "BIT/S",
        "DROPPED",
        "SOCKET",
        "LAST",
    )?;
    for port in rows.iter().take(limit.unwrap_or(usize::MAX)) {
        writeln!(
            out,
            "{}{:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:>9} {:>7} {:<8}  {}{}",
            interface(&port.interface),
            port.transport,
            port.port,
            port.packets,
            port.bytes,
            si(port.packets_per_second),
            si(port.bits_per_second),
            port.dropped,
            port.local_socket,
            time_of_day(port.last_seen),
            port.description,
            if port.expected { "; a listener is expected" } else { "" },
        )?;
    }
    match limit {
        Some(limit) if rows.len() > limit => {
            writeln!(out, "and {} more ports", rows.len() - limit)
        }
        Some(_) | None => Ok(()),
    }
}
