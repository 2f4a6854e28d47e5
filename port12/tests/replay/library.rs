//! Replaying without a process.

use std::{io::Cursor, path::Path};

use port12::{
    capture,
    event::FRAME_BYTES,
    policy::{Mode, policy},
    registry::Registry,
    replay::{Engine, EngineKind, Replay, Subject},
    report::Report,
    story::Story,
};
use port12_common::abi::{HostTable, Policy, TransitPolicy};

/// What the embedded registry has the program do.
pub fn registry_policy(mode: Mode) -> Box<Policy> {
    policy(&Registry::embedded().bits(), mode, TransitPolicy::Pass)
}

/// The report on a whole capture, sent to a host without sockets.
pub fn replay(kind: EngineKind, mode: Mode, capture: &[u8]) -> Report {
    let path = Path::new("test.pcap");
    let mut reader = capture::read(Cursor::new(capture.to_vec()), path).unwrap();
    let host = Box::new(HostTable::UNKNOWN);
    let engine = Engine::new(kind, registry_policy(mode), host).unwrap();
    let subject = Subject { mode, registry: Registry::embedded() };
    let story = Story::start(&[], FRAME_BYTES).unwrap();
    let mut replay = Replay::new(subject, engine, "test.pcap", story);
    replay.run(&mut reader, None, |_| Ok(())).unwrap();
    replay.totals(&reader.finish().unwrap())
}
