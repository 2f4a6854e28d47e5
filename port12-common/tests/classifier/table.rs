//! The committed table of named frames, and how it is written.

use std::{collections::HashSet, fmt::Write};

use port12_common::Layer;

use crate::{
    catalogue::{self, Entry},
    support::named::{self, TABLE},
};

const HEADING: &str = "\
# Named frames and what is to become of them in the environment of tests/support/environment.rs.
# A name, the facts, then the frame from its first byte to its last, a header to a line.
# PORT12_BLESS=1 cargo test -p port12-common --test classifier writes this file from its catalogue.
";

#[test]
#[cfg_attr(miri, ignore = "compares text and may write a file")]
fn the_committed_table_is_what_the_catalogue_writes() {
    let written = write(&catalogue::entries());
    if std::env::var_os("PORT12_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/frames/frames.txt");
        std::fs::write(path, written).expect("tests/frames/frames.txt can be written");
        return;
    }
    assert!(written == TABLE, "tests/frames/frames.txt is stale: run with PORT12_BLESS=1");
}

#[test]
fn what_is_read_from_the_table_is_what_the_catalogue_says() {
    let (entries, frames) = (catalogue::entries(), named::all());
    assert_eq!(entries.len(), frames.len());
    for (entry, frame) in entries.iter().zip(&frames) {
        assert_eq!(entry.name, frame.name);
        assert_eq!(entry.layer, frame.layer, "{}", frame.name);
        assert_eq!(entry.expected, frame.expected, "{}", frame.name);
        assert_eq!(entry.stack.headers().flatten().copied().collect::<Vec<_>>(), frame.bytes);
    }
}

#[test]
fn no_two_frames_share_a_name() {
    let frames = named::all();
    let names: HashSet<_> = frames.iter().map(|frame| frame.name).collect();
    assert_eq!(names.len(), frames.len());
}

#[test]
fn the_table_is_large_enough_to_be_worth_having() {
    assert!(named::all().len() >= 90);
}

fn write(entries: &[Entry]) -> String {
    let mut text = HEADING.to_owned();
    for entry in entries {
        if text.len() > HEADING.len() {
            text.push('\n');
        }
        record(&mut text, entry).expect("text can be written to a string");
    }
    text
}

fn record(text: &mut String, entry: &Entry) -> std::fmt::Result {
    let layer = match entry.layer {
        Layer::Ethernet => "ethernet",
        Layer::Ip => "ip",
    };
    let expected = entry.expected;
    let verdict = expected.verdict().as_str();
    write!(text, "{}\nlayer={layer} outcome={} verdict={verdict}", entry.name, expected.outcome)?;
    if let Some(reason) = expected.reason {
        write!(text, " reason={reason}")?;
    }
    if let Some(depth) = expected.depth {
        write!(text, " reason={}", depth.reason)?;
    }
    if let Some(segment) = expected.segment {
        let (transport, source, port) = (segment.transport, segment.source_port, segment.port);
        write!(text, " transport={transport} source_port={source} port={port}")?;
        if let Some(shape) = segment.shape {
            write!(text, " shape={shape}")?;
        }
    }
    writeln!(text)?;
    entry.stack.headers().try_for_each(|header| header_lines(text, header))
}

/// Pairs of bytes, at most 32 bytes to a line.
fn header_lines(text: &mut String, header: &[u8]) -> std::fmt::Result {
    header.chunks(32).try_for_each(|line| {
        text.push_str("   ");
        for pair in line.chunks(2) {
            text.push(' ');
            pair.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
        }
        writeln!(text)
    })
}
