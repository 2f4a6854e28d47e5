//! A probe.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::{Layer, Outcome, Shape, Transport};

use super::{
    Description, Fields, Kind, PROBE, Subject, Tuple, Value, description::Urgency, process::named,
    words,
};

/// Bytes of a frame that a record can hold: the first ones.
pub const MAX_FRAME_BYTES: usize = 256;

/// Bytes of a frame that a record holds by default.
pub const FRAME_BYTES: usize = 128;

/// A probe, as its frame shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// When, by the time of day.
    pub time: SystemTime,
    /// The interface, or the name of the capture.
    pub interface: Arc<str>,
    /// [`Outcome::Probe`] or [`Outcome::Dropped`].
    pub outcome: Outcome,
    /// The transport.
    pub transport: Transport,
    /// How the conversation starts.
    pub shape: Shape,
    /// Where the packet says it comes from.
    pub source: IpAddr,
    /// The port that it says it comes from.
    pub source_port: u16,
    /// The port that is touched.
    pub port: u16,
    /// Whether it is the first touch of this port by this source that the CPU knows of; else the
    /// source goes on.
    pub is_first: bool,
    /// Bytes of the whole frame.
    pub length: u32,
    /// Layer of the first byte of `frame`.
    pub layer: Layer,
    /// Further facts of the headers, as far as they were captured.
    pub headers: Headers,
    /// The first bytes of the frame, [`MAX_FRAME_BYTES`] at most.
    pub frame: Vec<u8>,
}

/// Header fields of a frame. What was not captured is not known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Headers {
    /// The VLANs, the outermost first.
    pub vlans: Vec<u16>,
    /// Where the packet goes.
    pub destination: Option<IpAddr>,
    /// The time to live, or the hop limit.
    pub hop_limit: Option<u8>,
    /// Whether IPv4 options or IPv6 extension headers stand before the transport header.
    pub has_options: Option<bool>,
    /// TCP's flags, FIN being bit 0 (RFC 9293 section 3.1).
    pub tcp_flags: Option<u8>,
    /// Where the payload of the transport begins, in bytes from the start of the frame.
    pub payload: Option<usize>,
}

impl Kind for Probe {
    fn describe(&self) -> Description {
        let mut description = Description::new(&PROBE, self.time);
        description.urgency = Urgency::Informational;
        description.tuple = self.tuple();
        description.is_dropped = self.is_dropped();
        self.add_fields(&mut description.fields);
        description
    }

    /// `eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL 54`.
    fn line(&self) -> String {
        let verdict = if self.is_dropped() { "dropped" } else { "passed" };
        let mut text =
            format!("{} {verdict} {}/{}", named(&self.interface), self.transport, self.port);
        let headers = &self.headers;
        if let Some(destination) = headers.destination {
            text.push_str(&format!(" of {destination}"));
        }
        text.push_str(&format!(
            ", {} from {} port {}",
            self.shape.label(),
            self.source,
            self.source_port
        ));
        if let Some(hop_limit) = headers.hop_limit {
            text.push_str(&format!(", TTL {hop_limit}"));
        }
        if !headers.vlans.is_empty() {
            let vlans: Vec<String> = headers.vlans.iter().map(u16::to_string).collect();
            text.push_str(&format!(", VLAN {}", vlans.join(".")));
        }
        if !self.is_first {
            text.push_str(", again");
        }
        text
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            interface: Some(&self.interface),
            source: Some(self.source),
            ..Subject::default()
        }
    }
}

impl Probe {
    /// Whether the frame was dropped.
    pub fn is_dropped(&self) -> bool {
        self.outcome == Outcome::Dropped
    }

    /// Its addresses and ports.
    pub fn tuple(&self) -> Tuple {
        Tuple {
            is_packet: true,
            interface: Some(self.interface.to_string()),
            vlans: self.headers.vlans.clone(),
            transport: Some(self.transport),
            source: Some(self.source),
            source_port: Some(self.source_port),
            destination: self.headers.destination,
            port: Some(self.port),
        }
    }

    fn add_fields(&self, fields: &mut Fields) {
        let headers = &self.headers;
        let touch = if self.is_first { "first" } else { "again" };
        let flags = headers.tcp_flags.map(words::flags).unwrap_or_default();
        let flags = if flags.is_empty() { Value::Absent } else { flags.into() };
        let vlans: Vec<String> = headers.vlans.iter().map(u16::to_string).collect();
        let vlan = (!vlans.is_empty()).then(|| vlans.join("."));
        fields.add("interface", self.interface.to_string()).journal().message("IN");
        fields.add("source", self.source).journal().message("SRC");
        fields.add("destination", headers.destination).journal().message("DST");
        fields.add("length", self.length).context().journal().message("LEN");
        fields.add("captured", self.frame.len()).context();
        fields.add("hop_limit", headers.hop_limit).context().message("TTL");
        fields.add("ttl", headers.hop_limit).journal();
        fields.add("proto", self.transport.info().proto).message("PROTO");
        fields.add("transport", self.transport.as_str()).journal();
        fields.add("source_port", self.source_port).journal().message("SPT");
        fields.add("port", self.port).journal().message("DPT");
        fields.add("verdict", self.outcome.verdict().as_str()).journal().message("VERDICT");
        fields.add("shape", self.shape.as_str()).context().metadata().journal().message("SHAPE");
        fields.add("outcome", self.outcome.as_str()).context();
        fields.add("first", self.is_first).context();
        fields.add("touch", touch).metadata().journal();
        fields.add("tcp_flags", headers.tcp_flags).context();
        fields.add("tcp_flags", flags).metadata();
        fields.add("options", headers.has_options).context();
        fields.add("vlan", vlan).journal();
    }
}
