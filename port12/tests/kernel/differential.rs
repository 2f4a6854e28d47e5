//! The program against the classifier in user space and against the oracle, over random frames.

use port12::kernel::object::EntryPoint;
use port12_common::Layer;

use crate::{
    counts::Counts,
    named::SHORTEST,
    namespace,
    subject::{Refused, Subject},
    support::{answer::Answer, environment::Environment, mutate::Mutator, oracle},
    tell::{hex, tell},
};

/// `PORT12_SEED` sets another one.
const SEED: u64 = 12;

#[test]
fn the_multi_buffer_program_the_classifier_and_the_oracle_agree_on_random_frames() {
    namespace::alone(|| compare(EntryPoint::Frags, 100_000));
}

#[test]
fn the_linear_program_the_classifier_and_the_oracle_agree_on_random_frames() {
    namespace::alone(|| compare(EntryPoint::Linear, 20_000));
}

fn compare(entry: EntryPoint, frames: usize) {
    let seed = std::env::var("PORT12_SEED")
        .map_or(SEED, |seed| seed.parse().expect("PORT12_SEED: a number"));
    let environment = Environment::new();
    let mut mutator = Mutator::new(seed);
    let mut ethernet = Half::load(entry, Layer::Ethernet);
    let mut bare = Half::load(entry, Layer::Ip);
    let mut refused = 0;
    for number in 0..frames {
        let (layer, bytes) = mutator.frame();
        let half = match layer {
            Layer::Ethernet => &mut ethernet,
            Layer::Ip => &mut bare,
        };
        let what =
            || format!("seed {seed}, frame {number}, {}: {layer:?} {}", entry.name(), hex(&bytes));
        let expected = oracle::answer(&bytes, layer);
        assert_eq!(Answer::from(environment.classify(&bytes, layer)), expected, "{}", what());
        match half.send(&bytes, &expected) {
            Ok(()) => {}
            Err(Mismatch::Refused(Refused(libc::EINVAL))) if bytes.len() < SHORTEST => refused += 1,
            Err(mismatch) => panic!("{}\nexpected {expected:?}\n{mismatch:?}", what()),
        }
    }
    ethernet.assert_nothing_else_was_counted();
    bare.assert_nothing_else_was_counted();
    tell(&format!(
        "{}: seed {seed}: {} random frames run, {} with an Ethernet header; test-run refuses \
         {refused} under {SHORTEST} bytes",
        entry.name(),
        frames - refused,
        ethernet.expected.frames(),
    ));
}

#[derive(Debug)]
#[expect(dead_code, reason = "read in the message of a failure")]
enum Mismatch {
    Refused(Refused),
    Verdict(port12_common::Verdict),
    Counted(Counts),
}

/// The frames of one layer.
struct Half {
    subject: Subject,
    expected: Counts,
}

impl Half {
    fn load(entry: EntryPoint, layer: Layer) -> Self {
        Self { subject: Subject::load(entry, layer), expected: Counts::default() }
    }

    fn send(&mut self, bytes: &[u8], answer: &Answer) -> Result<(), Mismatch> {
        let before = self.subject.glance(answer);
        let verdict = self.subject.run(bytes).map_err(Mismatch::Refused)?;
        let counted = self.subject.glance(answer).since(&before);
        let expected = Counts::of(answer, bytes.len());
        self.expected.merge(&expected);
        if counted != expected {
            return Err(Mismatch::Counted(counted));
        }
        if verdict != answer.verdict() {
            return Err(Mismatch::Verdict(verdict));
        }
        Ok(())
    }

    /// A glance after each frame sees one port; this sees them all.
    fn assert_nothing_else_was_counted(&self) {
        assert_eq!(self.subject.counts(), self.expected);
    }
}
