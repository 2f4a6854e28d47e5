//! Every named frame, through both entry points.

use port12::kernel::object::EntryPoint;
use port12_common::Layer;

use crate::{
    counts::Counts,
    namespace,
    subject::{Refused, Subject},
    support::named,
    tell::tell,
};

/// What test-run asks for: an Ethernet header.
pub const SHORTEST: usize = 14;

#[test]
fn every_named_frame_is_judged_and_counted_by_the_multi_buffer_program() {
    namespace::alone(|| judge_all(EntryPoint::Frags));
}

#[test]
fn every_named_frame_is_judged_and_counted_by_the_linear_program() {
    namespace::alone(|| judge_all(EntryPoint::Linear));
}

fn judge_all(entry: EntryPoint) {
    let frames = named::all();
    let mut refused = Vec::new();
    for layer in [Layer::Ethernet, Layer::Ip] {
        let subject = Subject::load(entry, layer);
        let mut sent = Counts::default();
        for frame in frames.iter().filter(|frame| frame.layer == layer) {
            let (name, length) = (frame.name, frame.bytes.len());
            let before = subject.counts();
            let verdict = subject.run(&frame.bytes);
            if length < SHORTEST {
                assert_eq!(verdict, Err(Refused(libc::EINVAL)), "{name}: {length} bytes");
                refused.push(name);
                continue;
            }
            assert_eq!(verdict, Ok(frame.verdict), "{name}");
            let expected = Counts::of(&frame.expected, length);
            assert_eq!(subject.counts().since(&before), expected, "{name}");
            sent.merge(&expected);
        }
        let counted = subject.counts();
        assert_eq!(counted, sent);
        let all =
            frames.iter().filter(|frame| frame.layer == layer && frame.bytes.len() >= SHORTEST);
        assert_eq!(counted.frames(), all.count() as u64, "every frame has one outcome");
    }
    tell(&format!(
        "{}: {} named frames run; test-run refuses {} under {SHORTEST} bytes: {}",
        entry.name(),
        frames.len() - refused.len(),
        refused.len(),
        refused.join(", "),
    ));
}
