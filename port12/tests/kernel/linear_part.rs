//! Frames of which the program can touch only a part: headers in fragments, jumbo frames.
//! Test-run splits a frame where it is told to on kernel 6.18, and behind a page on any.

use port12::kernel::object::EntryPoint;
use port12_common::{Layer, Outcome, Verdict};

use crate::{
    counts::Counts,
    named::SHORTEST,
    namespace,
    subject::Subject,
    support::{
        answer::Answer,
        environment::{self, Environment},
        mutate::Mutator,
        named::{self, NamedFrame},
        oracle,
    },
    tell::{hex, tell},
};

const SEED: u64 = 18;

#[test]
fn a_named_frame_has_the_same_outcome_wherever_its_linear_part_ends() {
    namespace::alone(|| {
        let Some(mut splitter) = Splitter::load() else { return };
        for frame in named::all().iter().filter(|frame| frame.bytes.len() >= SHORTEST) {
            for linear in 0..frame.bytes.len() {
                splitter.send(frame.name, frame.layer, &frame.bytes, linear);
            }
        }
        splitter.conclude("every linear part of the named frames");
    });
}

#[test]
fn a_random_frame_has_the_same_outcome_wherever_its_linear_part_ends() {
    namespace::alone(|| {
        let Some(mut splitter) = Splitter::load() else { return };
        let seed = std::env::var("PORT12_SEED")
            .map_or(SEED, |seed| seed.parse().expect("PORT12_SEED: a number"));
        let mut mutator = Mutator::new(seed);
        for number in 0..20_000_usize {
            let (layer, bytes) = mutator.frame();
            if bytes.len() >= SHORTEST {
                // Steps through the headers: few frames have any beyond 128 bytes.
                let linear = number % bytes.len().min(128);
                splitter.send(&format!("seed {seed}, frame {number}"), layer, &bytes, linear);
            }
        }
        splitter.conclude(&format!("seed {seed}"));
    });
}

#[test]
fn a_jumbo_frame_is_counted_with_all_its_bytes() {
    namespace::alone(|| {
        let subject = Subject::load(EntryPoint::Frags, Layer::Ethernet);
        for length in [1514, 3520, 3521, 9000, 65_535] {
            let mut frame = syn();
            frame.bytes.resize(length, 0);
            // The total length of the IPv4 header; the larger ones hold a trailer.
            let total = u16::try_from(length - 14).unwrap_or(u16::MAX);
            frame.bytes[16..18].copy_from_slice(&total.to_be_bytes());
            assert_counted(&subject, &frame, length);
        }
    });
}

#[test]
fn a_trailer_in_fragments_is_counted() {
    namespace::alone(|| {
        let subject = Subject::load(EntryPoint::Frags, Layer::Ethernet);
        let mut frame = syn();
        frame.bytes.resize(9000, 0);
        assert_counted(&subject, &frame, 9000);
    });
}

#[test]
fn the_port_behind_the_longest_headers_is_found() {
    namespace::alone(|| {
        let subject = Subject::load(EntryPoint::Frags, Layer::Ethernet);
        let frame = behind_the_longest_headers();
        let answer = oracle::answer(&frame, Layer::Ethernet);
        assert_eq!(answer.outcome, Outcome::Dropped, "{answer:?}");
        assert_eq!(Answer::from(Environment::new().classify(&frame, Layer::Ethernet)), answer);
        let before = subject.counts();
        assert_eq!(subject.run(&frame), Ok(Verdict::Drop));
        assert_eq!(subject.counts().since(&before), Counts::of(&answer, frame.len()));
    });
}

/// Four VLAN tags, and eight extension headers of 2,048 bytes, in front of a SYN to port 12.
fn behind_the_longest_headers() -> Vec<u8> {
    const DESTINATION_OPTIONS: u8 = 60;
    const TCP: u8 = 6;
    let mut frame = vec![2; 12];
    // A VLAN device of the host.
    for identifier in [4, 3, 2, 1] {
        frame.extend([0x81, 0, 0, identifier]);
    }
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    frame.extend((8 * 2048 + 20_u16).to_be_bytes());
    frame.extend([DESTINATION_OPTIONS, 64]);
    frame.extend(environment::ADDRESS_V6.octets());
    frame.extend(environment::ADDRESS_V6.octets());
    for left in (0..8).rev() {
        let mut header = vec![0; 2048];
        header[..2].copy_from_slice(&[if left == 0 { TCP } else { DESTINATION_OPTIONS }, 255]);
        frame.extend(header);
    }
    let syn = [0x9c, 0x40, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0];
    frame.extend(syn);
    frame
}

/// Before 5.18, and on drivers without multi-buffer support, no such frame arrives; test-run
/// makes them all the same.
#[test]
fn the_linear_program_reads_what_it_can_touch_and_fails_open() {
    namespace::alone(|| {
        let environment = Environment::new();
        let subject = Subject::load(EntryPoint::Linear, Layer::Ethernet);
        if !can_split(&subject) {
            return;
        }
        for frame in named::all().iter().filter(|frame| frame.layer == Layer::Ethernet) {
            for linear in 0..frame.bytes.len().max(SHORTEST) - SHORTEST {
                let answer = environment.classify(&frame.bytes[..linear], frame.layer).into();
                let before = subject.glance(&answer);
                subject.run_split(&frame.bytes, linear).expect("test-run splits frames");
                let counted = subject.glance(&answer).since(&before);
                assert_eq!(counted, Counts::of(&answer, linear), "{} at {linear}", frame.name);
            }
        }
    });
}

fn syn() -> NamedFrame {
    let frame = named::all().into_iter().find(|frame| frame.name == "v4_tcp_syn_12");
    frame.expect("v4_tcp_syn_12 is a named frame")
}

fn assert_counted(subject: &Subject, frame: &NamedFrame, length: usize) {
    let before = subject.counts();
    assert_eq!(subject.run(&frame.bytes), Ok(Verdict::Drop), "{length} bytes");
    let counted = subject.counts().since(&before);
    assert_eq!(counted, Counts::of(&frame.expected, length), "{length} bytes");
}

fn can_split(subject: &Subject) -> bool {
    let answer = subject.run_split(&[0; 60], 20);
    if let Err(refused) = answer {
        tell(&format!("not run: headers in fragments: test-run splits none here ({refused:?})"));
    }
    answer.is_ok()
}

/// Sends frames in parts to the multi-buffer program, and compares it with the classifier.
struct Splitter {
    environment: Environment,
    ethernet: Subject,
    bare: Subject,
    frames: usize,
    short: usize,
}

impl Splitter {
    fn load() -> Option<Self> {
        let ethernet = Subject::load(EntryPoint::Frags, Layer::Ethernet);
        can_split(&ethernet).then(|| Self {
            environment: Environment::new(),
            ethernet,
            bare: Subject::load(EntryPoint::Frags, Layer::Ip),
            frames: 0,
            short: 0,
        })
    }

    fn send(&mut self, name: &str, layer: Layer, bytes: &[u8], linear: usize) {
        let subject = match layer {
            Layer::Ethernet => &self.ethernet,
            Layer::Ip => &self.bare,
        };
        let finding = self.environment.classify(bytes, layer);
        let answer = Answer::from(finding);
        let before = subject.glance(&answer);
        let verdict = subject.run_split(bytes, linear);
        let counted = subject.glance(&answer).since(&before);
        let what = || format!("{name}, linear part {linear}: {layer:?} {}", hex(bytes));
        assert_eq!(verdict, Ok(answer.verdict()), "{}", what());
        self.frames += 1;
        // Where the packet ends in the linear part, the program saves itself the question whether
        // anything follows: padding in a fragment may be missing from the bytes.
        if finding.length <= linear && counted == Counts::of(&answer, linear) {
            self.short += 1;
        } else {
            assert_eq!(counted, Counts::of(&answer, bytes.len()), "{}", what());
        }
    }

    fn conclude(&self, what: &str) {
        tell(&format!(
            "port12_frags: {what}: {} frames in parts; {} were counted without their padding in a \
             fragment",
            self.frames, self.short,
        ));
    }
}
