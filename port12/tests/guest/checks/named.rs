//! The table of named frames, through a program by `BPF_PROG_TEST_RUN`.

use anyhow::{Result, ensure};
use port12::kernel::object::EntryPoint;
use port12_common::Layer;

use crate::{counts::Counts, subject::Subject, support::named};

/// What test-run asks for: an Ethernet header.
const SHORTEST: usize = 14;

/// Every named frame has its outcome and its verdict, and is counted as that and nothing else.
pub fn every_frame(entry: EntryPoint) -> Result<String> {
    let frames = named::all();
    let mut run = 0;
    for layer in [Layer::Ethernet, Layer::Ip] {
        let subject = Subject::load(entry, layer);
        let fitting = |bytes: &[u8]| bytes.len() >= SHORTEST;
        for frame in frames.iter().filter(|frame| frame.layer == layer && fitting(&frame.bytes)) {
            let before = subject.counts();
            let verdict = subject.run(&frame.bytes);
            ensure!(verdict == Ok(frame.verdict), "{}: {verdict:?}", frame.name);
            let counted = subject.counts().since(&before);
            let expected = Counts::of(&frame.expected, frame.bytes.len());
            ensure!(counted == expected, "{}: {counted:?}, not {expected:?}", frame.name);
            run += 1;
        }
    }
    ensure!(run >= 60, "only {run} frames");
    Ok(format!("{run} named frames"))
}
