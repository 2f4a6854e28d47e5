//! Probes as the first bytes of a frame show them.

mod headers;

use std::{sync::Arc, time::SystemTime};

use port12_common::{Finding, Layer};

pub use crate::model::event::{FRAME_BYTES, Headers, MAX_FRAME_BYTES, Probe};

impl Probe {
    /// Event of a probe in a capture; `bytes` are the first ones of its frame.
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
}
