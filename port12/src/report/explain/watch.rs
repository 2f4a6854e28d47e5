//! Watched interfaces, and their counters.

use std::time::SystemTime;

use port12_common::{Outcome, Transport, abi::Action};

use crate::{
    explain::{Configured, Explanation, Forecast, Interface, Source},
    model::{BanScope, BanState, Place, PortState, event::ModeChange},
    text::{Printable, time::rfc3339_seconds, words::counted, wrap::hang},
};

pub(super) fn render(story: &Explanation) -> String {
    let mut text = String::from("\nWatched here\n");
    if let Some(daemon) = &story.watch.daemon {
        let name = Printable(daemon.name.as_deref().unwrap_or("name unknown"));
        text.push_str(&hang("  ", &format!("daemon: process {} ({name})", daemon.pid)));
    }
    match &story.watch.interfaces {
        None => text.push_str("  what is pinned cannot be read; see below\n"),
        Some(interfaces) if interfaces.is_empty() && story.watch.is_partial => {
            text.push_str("  nothing of which more can be read; see below\n");
        }
        Some(interfaces) if interfaces.is_empty() => {
            text.push_str("  nothing: no program of port12 is pinned\n");
        }
        Some(interfaces) => interfaces.iter().for_each(|it| interface(&mut text, it)),
    }
    if story.watch.attached().next().is_none() {
        match &story.configured {
            Some(configured) => plan(&mut text, configured),
            None => text.push_str("  what `port12 run` would do is not known; see below\n"),
        }
    }
    if let Some(configured) = &story.configured {
        let expected = configured.ports.iter().filter(|it| it.expected).map(|it| it.id.transport);
        let expected: Vec<Transport> = expected.collect();
        if !expected.is_empty() {
            let line = format!("the policy file expects a listener on {}", names(&expected));
            text.push_str(&hang("  ", &line));
        }
    }
    text
}

fn names(transports: &[Transport]) -> String {
    let names: Vec<&str> = transports.iter().map(|it| it.as_str()).collect();
    names.join(", ")
}

fn interface(text: &mut String, it: &Interface) {
    let state = &it.state;
    let mut line = format!("{}: ", Printable(&state.interface));
    match (state.place, state.xdp_mode) {
        (Place::Attached, Some(xdp_mode)) => {
            let attached_at = state.attached_at.unwrap_or(SystemTime::UNIX_EPOCH);
            line += &format!("{xdp_mode}, {}, since {}", state.mode, rfc3339_seconds(attached_at));
        }
        (Place::Elsewhere, _) => line += "in another network namespace",
        (Place::Detached | Place::Gone | Place::Attached | Place::Capture, _) => {
            line += "left behind: the program is on no interface, and what follows is of before";
        }
    }
    if let Some(allowed @ 1..) = state.allowed {
        line += &format!("; prefixes that are allowed: {allowed}");
    }
    text.push_str(&hang("  ", &line));
    let mut note = |line: &str| text.push_str(&hang("    ", line));
    if let Some(advice) = ModeChange::to(&state.mode).map(|change| change.phrase()) {
        note(&advice);
    }
    if state.place == Place::Attached && state.sockets_fresh == Some(false) {
        note("no daemon keeps it: the program looks sockets up by itself");
    }
    if let Some(not_dropped) = &state.not_dropped {
        note(&not_dropped.to_string());
    }
    state.host_changes.iter().flatten().for_each(|change| note(&change.to_string()));
    banning(&state.bans, &mut note);
    forecast(it.unknown_source.iter(), &mut note);
    counts(it, &mut note);
    if !it.port_sources.is_empty() {
        note("most recent probes, of the tracked sources:");
    }
    for source in &it.port_sources {
        text.push_str(&hang("      ", &self::source(source)));
    }
    if it.more_sources > 0 {
        text.push_str(&format!("      and {} more: `port12 sources`\n", it.more_sources));
    }
}

fn banning(bans: &BanState, note: &mut impl FnMut(&str)) {
    let scope = match bans.scope {
        BanScope::All => "all that they send",
        BanScope::Unassigned => "their probes",
    };
    let mut line = match bans.active.unwrap_or_default() {
        0 => String::new(),
        some => format!(
            "sources that are banned: {some}, which takes {scope} at most (`port12 bans`); "
        ),
    };
    if let Some(after) = bans.after {
        line += &format!("who knocks {after} times is banned by the program; ");
    }
    if !line.is_empty() {
        note(line.trim_end_matches("; "));
    }
}

/// Forecasts, with the transports of equal ones together.
fn forecast<'a>(forecasts: impl Iterator<Item = &'a Forecast>, note: &mut impl FnMut(&str)) {
    let mut groups: Vec<(Vec<Transport>, &Forecast)> = Vec::new();
    for forecast in forecasts {
        match groups.iter_mut().find(|(_, known)| known.is_like(forecast)) {
            Some((transports, _)) => transports.push(forecast.transport),
            None => groups.push((vec![forecast.transport], forecast)),
        }
    }
    for (transports, forecast) in groups {
        let Forecast { outcome, verdict, why, .. } = forecast;
        let transports = names(&transports);
        note(&format!("an unknown source on {transports}: {verdict} ({outcome}): {why}"));
    }
}

fn counts(it: &Interface, note: &mut impl FnMut(&str)) {
    let banned = it.state.counts.outcomes.get(&Outcome::Banned);
    let banned = banned.map_or(0, |it| it.packets);
    let came = |port: &&PortState| port.packets > 0 || port.local_socket > 0;
    let ports = &it.state.ports;
    for port in ports.iter().filter(came) {
        let PortState { transport, packets, bytes, dropped, local_socket, .. } = port;
        let last =
            port.last_seen.map_or_else(String::new, |it| format!("; last {}", rfc3339_seconds(it)));
        note(&format!(
            "{transport}: {}, {bytes} bytes, {dropped} dropped; {} left to a socket{last}",
            counted(*packets, "probe", "probes"),
            counted(*local_socket, "flow start", "flow starts"),
        ));
    }
    // Packets to other ports are not counted.
    let is_watched = |port: &&PortState| {
        matches!(it.actions.get(&port.transport), Some(Action::Watch | Action::Drop { .. }))
    };
    let quiet = ports.iter().filter(is_watched).filter(|port| !came(port));
    let quiet: Vec<Transport> = quiet.map(|port| port.transport).collect();
    if !quiet.is_empty() {
        let what = if banned == 0 { "nothing came" } else { "no probe was counted" };
        note(&format!("{}: {what}", names(&quiet)));
    }
    if banned > 0 {
        let packets = counted(banned, "packet", "packets");
        note(&format!("banned sources: {packets} dropped on all ports, counted for none"));
    }
}

fn source(source: &Source) -> String {
    let seen = &source.seen;
    let transports: Vec<Transport> = source.transports.iter().copied().collect();
    format!(
        "{} ({}): {} on {} in all, last {}{}",
        seen.source,
        names(&transports),
        counted(seen.packets, "probe", "probes"),
        counted(seen.port_count as u64, "port", "ports"),
        rfc3339_seconds(seen.last_seen),
        if source.banned { "; banned" } else { "" }
    )
}

fn plan(text: &mut String, configured: &Configured) {
    let from = match &configured.file {
        Some(file) => format!("by {}", Printable(file.display())),
        None => "without a policy file".to_owned(),
    };
    let line = format!(
        "`port12 run` would watch in {} mode ({}), {from}",
        configured.mode.as_str(),
        Printable(&configured.mode_origin)
    );
    text.push_str(&hang("  ", &line));
    for planned in configured.interfaces.iter().flatten() {
        let name = Printable(&planned.interface);
        let line = match &planned.refused {
            Some(refused) => format!("{name}: refused: {}", Printable(refused)),
            None => name.to_string(),
        };
        text.push_str(&hang("    ", &line));
    }
    let forecasts = configured.ports.iter().map(|port| &port.unknown_source);
    forecast(forecasts, &mut |line| text.push_str(&hang("    ", line)));
}
