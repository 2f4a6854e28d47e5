//! Suricata's EVE JSON: `etc/schema.json` of Suricata 8, in which the top level, `alert` and `verdict`
//! have a fixed set of keys; what is port12's own stands under `alert.metadata`, whose values are lists
//! of texts, and under `alert.context`. `dist/eve.schema.json` says which keys there are.

mod record;

use record::{Alerted, Context, Eve as Line, Members, Metadata, Verdict};

use super::{
    Format,
    encode::{json_line, text},
    flow::{self, Flow},
};
use crate::{
    model::event::{Description, Fields, Record, Value},
    text::time,
};

pub(super) struct Eve {
    host: Option<String>,
}

impl Eve {
    pub(super) fn new() -> Self {
        Self { host: host() }
    }

    fn line<'a>(&'a self, description: &'a Description) -> Line<'a> {
        let Description { signature, tuple, is_dropped, .. } = description;
        let of_packet = || tuple.is_packet.then_some(());
        let family = tuple.source.filter(|_| tuple.is_packet).or(tuple.destination);
        Line {
            timestamp: time::numeric_micros(description.time),
            flow_id: of_packet().map(|()| flow::id(tuple)),
            in_iface: tuple.interface.as_deref(),
            event_type: "alert",
            vlan: &tuple.vlans,
            src_ip: tuple.source.filter(|_| tuple.is_packet),
            src_port: tuple.source_port.filter(|_| tuple.is_packet),
            dest_ip: tuple.destination,
            dest_port: tuple.port,
            proto: tuple.transport.map(|it| it.info().proto),
            ip_v: family.map(|address| if address.is_ipv4() { 4 } else { 6 }),
            pkt_src: of_packet().map(|()| "wire/pcap"),
            community_id: Flow::of(tuple).map(|flow| flow.community_id()),
            alert: Alerted {
                action: if *is_dropped { "blocked" } else { "allowed" },
                gid: 1,
                signature_id: signature.id,
                rev: 1,
                signature: signature.text,
                category: signature.category,
                severity: description.severity.number(),
                metadata: metadata(description),
                context: Context {
                    port12: context(&description.fields),
                    record: context(&description.record),
                },
            },
            verdict: Verdict { action: if *is_dropped { "drop" } else { "alert" } },
            direction: of_packet().map(|()| "to_server"),
            host: self.host.as_deref(),
        }
    }
}

impl Format for Eve {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        json_line(&self.line(&record.describe()), out);
    }
}

/// Texts to search for. Readers of EVE expect lists there.
fn metadata(description: &Description) -> Metadata {
    let fields = description.fields.known().filter(|field| field.in_metadata);
    let texts = |value: &Value| match value {
        Value::List(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    };
    fields.map(|field| (format!("port12_{}", field.name), texts(&field.value))).collect()
}

fn context(fields: &Fields) -> Members<'_> {
    let fields = fields.known().filter(|field| field.in_context);
    Members(fields.map(|field| (&*field.name, &field.value)).collect())
}

/// The name of this host, as the kernel has it.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
pub(super) mod tests;
