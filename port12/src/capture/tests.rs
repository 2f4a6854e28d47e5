mod formats;
mod hostile;
mod writer;

use std::{io::Cursor, path::Path, time::Duration};

use port12_common::Layer;

use super::{CaptureError, LinkType, Reader, Summary, read};

/// A frame that outlives its reader.
#[derive(Clone, Debug, PartialEq)]
struct Owned {
    timestamp: Option<Duration>,
    layer: Layer,
    bytes: Vec<u8>,
    original_length: usize,
    interface: (u32, u32, Option<String>, LinkType),
}

fn reader(capture: &[u8]) -> Result<Reader, CaptureError> {
    read(Cursor::new(capture.to_vec()), Path::new("test.pcap"))
}

fn frames(reader: &mut Reader) -> Vec<Owned> {
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame() {
        let interface = frame.interface;
        frames.push(Owned {
            timestamp: frame.timestamp,
            layer: frame.layer,
            bytes: frame.bytes.to_vec(),
            original_length: frame.original_length,
            interface: (
                interface.section,
                interface.number,
                interface.name.map(str::to_owned),
                interface.link,
            ),
        });
    }
    frames
}

fn read_all(capture: &[u8]) -> (Vec<Owned>, Summary) {
    let mut reader = reader(capture).unwrap();
    let frames = frames(&mut reader);
    (frames, reader.finish().unwrap())
}
