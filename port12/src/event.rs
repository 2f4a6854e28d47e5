//! What happened: a source has touched an unassigned port.

mod headers;

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::{Finding, Layer, Outcome, Shape, Transport};

pub use headers::Headers;

/// Bytes of a frame that an event can hold: the first ones.
pub const MAX_FRAME_BYTES: usize = 256;

/// Bytes of a frame that an event holds where nobody says otherwise.
pub const FRAME_BYTES: usize = 128;

/// One touch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
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
    /// What the first byte of `frame` belongs to.
    pub layer: Layer,
    /// What else the headers say, as far as they were captured.
    pub headers: Headers,
    /// The first bytes of the frame, [`MAX_FRAME_BYTES`] at most.
    pub frame: Vec<u8>,
}

impl Event {
    /// What a probe of a capture comes to: `bytes` are the first ones of its frame.
    pub fn of(
        finding: &Finding,
        (bytes, layer): (&[u8], Layer),
        (interface, time): (&Arc<str>, SystemTime),
        is_first: bool,
    ) -> Option<Self> {
        let transport = finding.transport?;
        let frame = bytes[..bytes.len().min(MAX_FRAME_BYTES)].to_vec();
        Some(Self {
            time,
            interface: Arc::clone(interface),
            outcome: finding.outcome,
            transport,
            shape: finding.shape?,
            source: finding.source.address(),
            source_port: finding.source_port,
            port: finding.port,
            is_first,
            length: u32::try_from(finding.length).unwrap_or(u32::MAX),
            layer,
            headers: Headers::of(&frame, finding.length, layer, transport),
            frame,
        })
    }

    /// Whether the frame was dropped.
    pub fn is_dropped(&self) -> bool {
        self.outcome == Outcome::Dropped
    }
}
