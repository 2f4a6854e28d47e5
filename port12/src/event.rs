//! What happened: a source has touched an unassigned port.

mod headers;

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use port12_common::{Layer, Outcome, Shape, Transport};

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
    /// Whether the frame was dropped.
    pub fn is_dropped(&self) -> bool {
        self.outcome == Outcome::Dropped
    }
}
