//! The table: for a terminal it is redrawn in place, into a pipe it is appended.

mod outbound;

use std::io::{self, Write};

use port12_common::Outcome;

use self::outbound::write_outbound;
use super::{Kind, Report};
use crate::{
    model::{
        AlertStats, AutoBanStats, CountedAt, EventLogState, EventStats, InterfaceState, Place,
        PortState, SinkState, SourcesState,
    },
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
/// Error of the writer.
pub fn write_table(report: &Report, ports: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let title = match report.kind {
        Kind::Interval => "",
        Kind::Totals => "  totals",
    };
    writeln!(
        out,
        "port12  {}  {} mode  {:.1} s  registry of {}{title}",
        rfc3339_seconds(report.state.time),
        if report.state.drops() { "drop" } else { "monitor" },
        report.elapsed_seconds,
        report.state.registry.date,
    )?;
    writeln!(
        out,
        "{:<15} {:<14} {:>10} {:>8} {:>8} {:>8}",
        "INTERFACE", "XDP", "FRAMES", "FRAMES/S", "BIT/S", "OF LINK"
    )?;
    for interface in &report.state.interfaces {
        write_interface(interface, out)?;
    }
    write_ports(report, ports, out)?;
    if let Some(sources) = &report.state.sources {
        write_sources(sources, out)?;
    }
    if let Some(outbound) = &report.state.outbound {
        write_outbound(outbound, ports, out)?;
    }
    if let Some(alerts) = &report.state.alerts {
        write_alerts(alerts, out)?;
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

fn write_interface(interface: &InterfaceState, out: &mut impl Write) -> io::Result<()> {
    let rates = interface.rates.as_ref();
    let share = rates.and_then(|it| it.utilization);
    let share = share.map_or("-".into(), |share| format!("{:.1}%", share * 100.0));
    let xdp_mode = match (interface.place, interface.xdp_mode) {
        (Place::Capture, _) => "replay",
        (Place::Gone, _) => "gone",
        (Place::Attached | Place::Elsewhere | Place::Detached, Some(mode)) => mode.as_str(),
        (Place::Attached | Place::Elsewhere | Place::Detached, None) => "none",
    };
    writeln!(
        out,
        "{:<15} {:<14} {:>10} {:>8} {:>8} {:>8}",
        Printable(&interface.interface),
        xdp_mode,
        interface.counts.frames.packets,
        rate(rates.map(|it| it.frames_per_second)),
        rate(rates.map(|it| it.bits_per_second)),
        share
    )?;
    if interface.counted_at == Some(CountedAt::Stack) {
        writeln!(out, "  counted in the stack: after GRO")?;
    }
    if let Some(reason) = &interface.forwarding {
        writeln!(out, "  {reason}: a probe may have a taker behind this host")?;
    }
    if let Some(not_dropped) = &interface.not_dropped {
        writeln!(out, "  {not_dropped}")?;
    }
    let counts = Outcome::ALL.into_iter().rev().filter_map(|outcome| {
        let packets = interface.counts.outcomes.get(&outcome)?.packets;
        (packets > 0 || outcome == Outcome::Probe).then(|| format!("{outcome} {packets}"))
    });
    out.write_all(phrases(counts).as_bytes())?;
    let too_deep = interface.counts.too_deep.iter().map(|(reason, count)| match count.dropped {
        0 => format!("{reason} {}", count.packets),
        dropped => format!("{reason} {} ({dropped} dropped)", count.packets),
    });
    let malformed = interface.counts.malformed.iter().map(|(it, count)| format!("{it} {count}"));
    let types = interface.counts.probe_types.iter().map(|(it, count)| format!("{it} {count}"));
    out.write_all(phrases(too_deep.chain(malformed).chain(types)).as_bytes())?;
    let EventStats { emitted, rate_limited, lost } = interface.counts.events;
    let events = [("events", emitted), ("rate-limited", rate_limited), ("lost", lost)];
    let events = events.into_iter().filter(|(_, count)| *count > 0);
    out.write_all(phrases(events.map(|(name, count)| format!("{name} {count}"))).as_bytes())?;
    let AutoBanStats { banned, not_tracked, protected, table_full } = interface.bans.auto;
    let bans = [
        ("bans", banned),
        ("not tracked", not_tracked),
        ("protected", protected),
        ("ban table full", table_full),
    ];
    let bans = bans.into_iter().filter(|(_, count)| *count > 0);
    out.write_all(phrases(bans.map(|(name, count)| format!("{name} {count}"))).as_bytes())
}

fn write_alerts(alerts: &AlertStats, out: &mut impl Write) -> io::Result<()> {
    if alerts.emitted > 0 {
        let limited = match alerts.rate_limited {
            0 => String::new(),
            count => format!(", {count} rate-limited"),
        };
        writeln!(out, "alerts: {}{limited}", alerts.emitted)?;
    }
    for SinkState { sink, written, lost } in &alerts.sinks {
        writeln!(out, "sink {}: {written} written, {lost} lost", Printable(sink))?;
    }
    if let Some(EventLogState { directory, lost: lost @ 1.., .. }) = &alerts.event_log {
        writeln!(out, "event log {}: {lost} lost", Printable(directory))?;
    }
    Ok(())
}

fn write_sources(sources: &SourcesState, out: &mut impl Write) -> io::Result<()> {
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
            source.port_count,
            time_of_day(source.last_seen),
        )?;
    }
    match sources.tracked - sources.top.len() {
        0 => Ok(()),
        more => writeln!(out, "and {more} more sources: `port12 sources`"),
    }
}

fn write_ports(report: &Report, limit: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let interfaces = &report.state.interfaces;
    let mut rows: Vec<(&str, &PortState)> = Vec::new();
    for it in interfaces {
        rows.extend(it.ports.iter().map(|port| (it.interface.as_str(), port)));
    }
    if rows.is_empty() {
        return writeln!(out, "no unassigned port was hit");
    }
    if limit.is_some() {
        let activity = |port: &PortState| (port.last_seen, port.packets);
        rows.sort_by_key(|(_, port)| std::cmp::Reverse(activity(port)));
    }
    let several = interfaces.len() > 1;
    let interface =
        |name: &str| if several { format!("{:<15} ", Printable(name)) } else { String::new() };
    writeln!(
        out,
        "{}{:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:>9} {:>7} {:<8}  NOTE",
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
    for (name, port) in rows.iter().take(limit.unwrap_or(usize::MAX)) {
        writeln!(
            out,
            "{}{:<9} {:>4} {:>9} {:>10} {:>7} {:>7} {:>9} {:>7} {:<8}  {}{}",
            interface(name),
            port.transport,
            port.port,
            port.packets,
            port.bytes,
            rate(port.rates.map(|it| it.packets_per_second)),
            rate(port.rates.map(|it| it.bits_per_second)),
            port.dropped,
            port.local_socket,
            port.last_seen.map_or_else(|| "-".to_owned(), time_of_day),
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

/// A rate, or a dash if there is none.
fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), si)
}
