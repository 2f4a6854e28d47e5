//! No frame forges a line of a record, in any format.
#![no_main]

#[path = "../../../tests/support/support.rs"]
mod support;

use std::{sync::Arc, time::SystemTime};

use libfuzzer_sys::fuzz_target;
use port12::{
    event::Probe,
    model::event::{Identity, Record},
    sink::{self, SinkSpec},
};
use port12_common::Layer;
use support::environment::Environment;

/// Formats that write lines.
const LINES: [&str; 4] = ["human:-", "eve:-", "portsentry:-", "syslog:/dev/log"];

fuzz_target!(|frame: &[u8]| {
    let found = Environment::new().classify(frame, Layer::Ethernet);
    let interface = Arc::from("eth0");
    let at = (&interface, SystemTime::UNIX_EPOCH);
    let Some(probe) = Probe::of(&found, (frame, Layer::Ethernet), at, true) else {
        return;
    };
    let record = Record { event: probe.into(), identity: Identity::default() };
    for spec in LINES {
        let Ok(spec) = spec.parse::<SinkSpec>() else { continue };
        let mut out = Vec::new();
        sink::format_of(spec.form).write(&record, &mut out);
        let line = out.strip_suffix(b"\n").unwrap_or(&out);
        let is_text = line.iter().all(|byte| (b' '..=b'~').contains(byte));
        assert!(is_text, "{spec}: {}", String::from_utf8_lossy(&out));
    }
});
