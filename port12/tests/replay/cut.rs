//! Frames that a snap length cut.

use std::{io::Cursor, path::Path, time::Duration};

use port12::{capture, model::Counts, policy::Mode, replay::EngineKind, report::Report};
use port12_common::Outcome;

use crate::{
    file::{ETHERNET, Pcapng, RAW},
    library::replay,
    root,
    support::{environment::Environment, named},
};

const SNAPS: std::ops::RangeInclusive<usize> = 14..=96;

/// All named frames, each cut at each of the snap lengths.
fn snapped(snaps: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let frames = named::all();
    let mut file = Pcapng::new(&[ETHERNET, RAW]);
    for snap in snaps {
        for frame in &frames {
            file = file.cut(frame.layer as u32, Duration::from_secs(1), &frame.bytes, snap);
        }
    }
    file.0
}

#[test]
fn a_cut_frame_is_found_what_the_whole_one_is_or_counts_as_cut() {
    let environment = Environment::new();
    let frames = named::all();
    for snap in SNAPS {
        let file = Cursor::new(snapped([snap]));
        let mut reader = capture::read(file, Path::new("test.pcapng")).unwrap();
        for frame in &frames {
            let cut = reader.next_frame().unwrap();
            assert_eq!(cut.original_length, frame.bytes.len());
            let whole = environment.classify(&frame.bytes, frame.layer);
            let found = capture::finding(&cut, &environment.tables());
            if frame.bytes.len() <= snap {
                assert_eq!(found, Some(whole), "{}, whole", frame.name);
            }
            if let Some(found) = found {
                assert_eq!(found, whole, "{} cut at {snap}", frame.name);
                // What the engines are given says the same.
                let mut scratch = Vec::new();
                let padded = environment.classify(cut.padded(&mut scratch), cut.layer);
                assert_eq!(padded, whole, "{} cut at {snap} and padded", frame.name);
            }
        }
        assert!(reader.next_frame().is_none());
    }
}

/// A snap length that every header fits into cuts no decision.
#[test]
fn no_frame_is_cut_where_its_headers_were_captured() {
    for name in ["v4_tcp_syn_12", "v6_tcp_syn_12"] {
        let frames = named::all();
        let frame = frames.iter().find(|frame| frame.name == name).unwrap();
        let mut bytes = frame.bytes.clone();
        bytes.resize(1500, 0xff);
        let file = Pcapng::new(&[ETHERNET]).cut(0, Duration::from_secs(1), &bytes, 74).0;
        let report = replay(EngineKind::User, Mode::Monitor, &file);
        assert_eq!(report.capture.unwrap().cut, 0, "{name}");
        assert_eq!(report.state.interfaces[0].ports[0].bytes, 1500, "{name}");
    }
}

fn check_bytes(report: &Report) {
    let frames = named::all();
    let interface = &report.state.interfaces[0].counts;
    let capture = report.capture.as_ref().unwrap();
    assert_eq!(interface.frames.packets + capture.cut, frames.len() as u64);
    let bytes: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    assert!(interface.frames.bytes <= bytes as u64);
    if capture.cut == 0 {
        assert_eq!(interface.frames.bytes, bytes as u64);
    }
}

#[test]
fn the_bytes_of_a_cut_frame_are_those_of_the_whole_one() {
    let mut last = 0;
    for snap in SNAPS.chain([2000, 100_000]) {
        let report = replay(EngineKind::User, Mode::Monitor, &snapped([snap]));
        check_bytes(&report);
        assert!(report.state.interfaces[0].counts.frames.bytes >= last, "at {snap}");
        last = report.state.interfaces[0].counts.frames.bytes;
    }
    let whole: usize = named::all().iter().map(|frame| frame.bytes.len()).sum();
    assert_eq!(last, whole as u64);
}

#[test]
fn the_engines_agree_on_cut_frames() {
    if !root::or_skip("replays by the kernel's program") {
        return;
    }
    let file = snapped(SNAPS);
    let [kernel, user] =
        [EngineKind::Kernel, EngineKind::User].map(|engine| replay(engine, Mode::Drop, &file));
    let counts = |report: &Report| -> Vec<(Outcome, Counts)> {
        report.state.interfaces[0].counts.outcomes.clone().into_iter().collect()
    };
    assert_eq!(counts(&kernel), counts(&user));
    let cut = |report: Report| report.capture.map(|capture| capture.cut);
    assert_eq!(cut(kernel), cut(user));
}
