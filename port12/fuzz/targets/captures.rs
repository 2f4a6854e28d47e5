//! A capture is read to its end, or refused.
#![no_main]

use std::{io::Cursor, path::Path};

use libfuzzer_sys::fuzz_target;
use port12::capture;

fuzz_target!(|input: &[u8]| {
    let Ok(mut reader) = capture::read(Cursor::new(input.to_vec()), Path::new("capture")) else {
        return;
    };
    let mut frames = 0_u64;
    while let Some(frame) = reader.next_frame() {
        assert!(frame.bytes.len() <= input.len() + 14, "a frame is longer than the file");
        frames += 1;
    }
    if let Ok(summary) = reader.finish() {
        assert_eq!(summary.frames(), frames);
    }
});
