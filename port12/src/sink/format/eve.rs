//! Suricata's EVE JSON: `etc/schema.json` of Suricata 8, in which the top level, `alert` and `verdict`
//! have a fixed set of keys; what is port12's own stands under `alert.metadata`, whose values are lists
//! of texts, and under `alert.context`. `dist/eve.schema.json` says which keys there are.

mod record;
mod too_deep;

use record::{
    Alerted, Eve as Record, EventContext, ListenerContext, Metadata, OutboundContext, Own,
    ProcessContext, ScanContext, Verdict,
};

use super::{
    Format,
    encode::json_line,
    flow::{self, Flow},
    ports, text, words,
};
use crate::{
    event::Event,
    listeners::{Listener, Notice, What},
    outbound::Started,
    scan::Alert,
    text::time,
    too_deep::TooDeepAlert,
    who::{Owner, Process},
};

/// Targets of a scan that are listed.
const TARGETS: usize = 64;

/// Ranges of ports in the metadata of a scan; the context has all of its ports.
const RANGES: usize = 32;

/// Processes of a listener that are listed.
const PROCESSES: usize = 4;

pub(super) struct Eve {
    host: Option<String>,
}

/// What Suricata has rules for, port12 has eight of. Their numbers are in the range for local use.
#[derive(Clone, Copy)]
struct Signature {
    id: u32,
    text: &'static str,
}

const PROBE: Signature = Signature { id: 1_012_001, text: "PORT12 probe of an unassigned port" };
const SCAN: Signature = Signature { id: 1_012_002, text: "PORT12 scan of unassigned ports" };
const SCAN_END: Signature =
    Signature { id: 1_012_003, text: "PORT12 end of a scan of unassigned ports" };

const LISTENER: Signature =
    Signature { id: 1_012_004, text: "PORT12 listener on an unassigned port" };
const LISTENER_LEFT: Signature =
    Signature { id: 1_012_005, text: "PORT12 listener on an unassigned port has gone" };
const REACHED: Signature =
    Signature { id: 1_012_006, text: "PORT12 listener on an unassigned port was reached" };

const STARTED: Signature =
    Signature { id: 1_012_007, text: "PORT12 conversation started towards an unassigned port" };

/// The classes of Suricata's `classification.config` that port12's signatures are of.
const NETWORK_SCAN: &str = "Detection of a Network Scan";
const BAD_TRAFFIC: &str = "Potentially Bad Traffic";

impl Eve {
    pub(super) fn new() -> Self {
        Self { host: host() }
    }

    /// The record of an event; that of an alert is the record of its sample with another alert.
    fn record<'a>(&'a self, event: &Event, timestamp: String, alert: Alerted) -> Record<'a> {
        let headers = &event.headers;
        Record {
            timestamp,
            flow_id: Some(flow::id(event)),
            in_iface: Some(event.interface.to_string()),
            event_type: "alert",
            vlan: headers.vlans.clone(),
            src_ip: Some(event.source),
            src_port: Some(event.source_port),
            dest_ip: headers.destination,
            dest_port: Some(event.port),
            proto: Some(words::proto(event.transport)),
            ip_v: Some(if event.source.is_ipv4() { 4 } else { 6 }),
            pkt_src: Some("wire/pcap"),
            community_id: Flow::of(event).map(|flow| flow.community_id()),
            alert,
            verdict: Verdict { action: if event.is_dropped() { "drop" } else { "alert" } },
            direction: Some("to_server"),
            host: self.host.as_deref(),
        }
    }

    /// The record of a notice is about no packet: what it would have of one is absent, above all a source,
    /// which somebody may ban.
    fn listener_record<'a>(&'a self, notice: &Notice) -> Record<'a> {
        let (signature, interface) = match &notice.what {
            What::Appeared { .. } | What::Passed => (LISTENER, None),
            What::Left => (LISTENER_LEFT, None),
            What::Reached { interface, .. } => (REACHED, Some(&**interface)),
        };
        let listener = notice.listener.as_deref();
        let device = listener.and_then(|it| it.device.as_deref());
        let address = listener.map(|it| it.address);
        Record {
            timestamp: time::numeric_micros(notice.time),
            flow_id: None,
            in_iface: interface.or(device).map(str::to_owned),
            event_type: "alert",
            vlan: Vec::new(),
            src_ip: None,
            src_port: None,
            dest_ip: address,
            dest_port: Some(notice.port),
            proto: Some(words::proto(notice.transport)),
            ip_v: address.map(|address| if address.is_ipv4() { 4 } else { 6 }),
            pkt_src: None,
            community_id: None,
            alert: Alerted {
                action: "allowed",
                gid: 1,
                signature_id: signature.id,
                rev: 1,
                signature: signature.text,
                category: BAD_TRAFFIC,
                severity: notice.severity().number(),
                metadata: listener_metadata(notice),
                context: record::Context { port12: Own::Listener(listener_context(notice)) },
            },
            verdict: Verdict { action: "alert" },
            direction: None,
            host: self.host.as_deref(),
        }
    }
}

impl Eve {
    /// The record of what this host has started has no source either: that would be the host's own address, which
    /// somebody may ban. Where it went is no source of anything, and the destination.
    fn started_record<'a>(&'a self, started: &Started) -> Record<'a> {
        let Started { contact, sender } = started;
        Record {
            timestamp: time::numeric_micros(contact.time),
            flow_id: None,
            in_iface: Some(contact.interface.to_string()),
            event_type: "alert",
            vlan: Vec::new(),
            src_ip: None,
            src_port: None,
            dest_ip: Some(contact.destination),
            dest_port: Some(contact.port),
            proto: Some(words::proto(contact.transport)),
            ip_v: Some(if contact.destination.is_ipv4() { 4 } else { 6 }),
            pkt_src: None,
            community_id: Flow::started(contact).map(|flow| flow.community_id()),
            alert: Alerted {
                action: "allowed",
                gid: 1,
                signature_id: STARTED.id,
                rev: 1,
                signature: STARTED.text,
                category: BAD_TRAFFIC,
                severity: 2,
                metadata: with_processes(
                    Metadata::from([("port12_owner", vec![sender.behind.as_str().to_owned()])]),
                    &sender.processes,
                ),
                context: record::Context { port12: Own::Outbound(outbound_context(started)) },
            },
            verdict: Verdict { action: "alert" },
            direction: None,
            host: self.host.as_deref(),
        }
    }
}

impl Format for Eve {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let alert = alerted(event, PROBE, event_metadata(event), Own::Event(context(event)));
        json_line(&self.record(event, time::numeric_micros(event.time), alert), out);
    }

    fn alert(&mut self, alert: &Alert, out: &mut Vec<u8>) {
        let signature = if alert.is_end { SCAN_END } else { SCAN };
        let own = Own::Scan(scan_context(alert));
        let alerted = alerted(&alert.sample, signature, scan_metadata(alert), own);
        json_line(&self.record(&alert.sample, time::numeric_micros(alert.time), alerted), out);
    }

    fn notice(&mut self, notice: &Notice, out: &mut Vec<u8>) {
        json_line(&self.listener_record(notice), out);
    }

    fn started(&mut self, started: &Started, out: &mut Vec<u8>) {
        json_line(&self.started_record(started), out);
    }

    fn too_deep(&mut self, alert: &TooDeepAlert, out: &mut Vec<u8>) {
        json_line(&self.too_deep_record(alert), out);
    }
}

fn alerted(event: &Event, signature: Signature, metadata: Metadata, own: Own) -> Alerted {
    Alerted {
        action: if event.is_dropped() { "blocked" } else { "allowed" },
        gid: 1,
        signature_id: signature.id,
        rev: 1,
        signature: signature.text,
        category: NETWORK_SCAN,
        severity: 3,
        metadata,
        context: record::Context { port12: own },
    }
}

fn event_metadata(event: &Event) -> Metadata {
    let mut metadata = Metadata::from([
        ("port12_shape", vec![event.shape.as_str().to_owned()]),
        ("port12_touch", vec![words::touch(event).to_owned()]),
    ]);
    let flags: Vec<String> = event
        .headers
        .tcp_flags
        .map(words::flags)
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect();
    if !flags.is_empty() {
        metadata.insert("port12_tcp_flags", flags);
    }
    metadata
}

fn context(event: &Event) -> EventContext {
    EventContext {
        shape: event.shape.as_str(),
        outcome: event.outcome.as_str(),
        first: event.is_first,
        length: event.length,
        captured: event.frame.len(),
        hop_limit: event.headers.hop_limit,
        tcp_flags: event.headers.tcp_flags,
        options: event.headers.has_options,
    }
}

fn scan_metadata(alert: &Alert) -> Metadata {
    let pace = if alert.is_slow { "slow" } else { "fast" };
    let ranges = ports::ranges(&alert.ports, RANGES);
    Metadata::from([
        ("port12_scan", vec![alert.kind.as_str().to_owned()]),
        ("port12_pace", vec![pace.to_owned()]),
        ("port12_ports", vec![ranges]),
    ])
}

fn scan_context(alert: &Alert) -> ScanContext {
    let duration = time::between(alert.first_seen, alert.last_seen);
    ScanContext {
        scan: alert.kind.as_str(),
        slow: alert.is_slow,
        end: alert.is_end,
        source: alert.source,
        port_count: alert.ports.len(),
        ports: ports::listed(&alert.ports),
        target_count: alert.targets.len(),
        targets: alert.targets.iter().copied().take(TARGETS).collect(),
        events: alert.events,
        dropped: alert.dropped,
        first_seen: time::numeric_micros(alert.first_seen),
        last_seen: time::numeric_micros(alert.last_seen),
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn listener_metadata(notice: &Notice) -> Metadata {
    let metadata = Metadata::from([("port12_listener", vec![words::happening(notice).to_owned()])]);
    with_processes(metadata, notice.listener.as_ref().map_or(&[], |it| &it.processes))
}

fn with_processes(mut metadata: Metadata, processes: &[Process]) -> Metadata {
    let processes = &processes[..processes.len().min(PROCESSES)];
    let pids: Vec<String> = processes.iter().map(|process| process.pid.to_string()).collect();
    let names = processes.iter().filter_map(|process| process.name.as_deref());
    let names: Vec<String> = names.map(text::clipped).collect();
    for (key, texts) in [("port12_pid", pids), ("port12_process", names)] {
        if !texts.is_empty() {
            metadata.insert(key, texts);
        }
    }
    metadata
}

fn listener_context(notice: &Notice) -> ListenerContext {
    let listener = notice.listener.as_deref();
    let (packets, others) = match notice.what {
        What::Reached { packets, others, .. } => (Some(packets), Some(others)),
        What::Appeared { .. } | What::Passed | What::Left => (None, None),
    };
    let processes = listener.map_or(&[][..], |it| &it.processes[..]);
    let more = processes.len().saturating_sub(PROCESSES);
    ListenerContext {
        listener: words::happening(notice),
        packets,
        others,
        owner: words::owner(listener.map_or(Owner::Unseen, |it| it.owner)),
        dual_stack: listener.map(|it| it.dual_stack),
        device: listener.and_then(|it| it.device.as_deref()).map(text::clipped),
        uid: listener.map(|it| it.uid),
        inode: listener.map(|it| it.inode).filter(|&inode| inode != 0),
        processes: processes.iter().take(PROCESSES).map(process).collect(),
        more_processes: more + listener.map_or(0, |it: &Listener| it.more_processes),
    }
}

fn outbound_context(started: &Started) -> OutboundContext {
    let Started { contact, sender } = started;
    OutboundContext {
        outbound: contact.shape.as_str(),
        owner: sender.behind.as_str(),
        uid: contact.uid,
        source: contact.source,
        source_port: contact.source_port,
        processes: sender.processes.iter().take(PROCESSES).map(process).collect(),
        more_processes: sender.processes.len().saturating_sub(PROCESSES) + sender.more_processes,
    }
}

fn process(process: &Process) -> ProcessContext {
    let program = process.program.as_ref();
    let cgroup = process.cgroup.as_ref();
    let command = process.command.join(" ");
    ProcessContext {
        pid: process.pid,
        name: process.name.as_deref().map(text::clipped),
        command: (!command.is_empty()).then(|| text::clipped(&command)),
        exe: program.map(|it| text::clipped(&it.path)),
        exe_on_disk: program.map(|it| it.on_disk),
        uid: process.uid,
        started: process.started.map(time::numeric_micros),
        unit: cgroup.and_then(|it| it.unit.as_deref()).map(text::clipped),
        container: cgroup.and_then(|it| it.container.as_deref()).map(text::clipped),
    }
}

/// The name of this host, as the kernel has it.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
pub(super) mod tests;
