//! Named frames, cut at every byte.

use crate::support::{
    answer::{Answer, Segment},
    environment::Environment,
    named, oracle,
};

/// The end of a frame's buffer is the end of the frame, so that Miri sees a read beyond it.
fn cut(bytes: &[u8], length: usize) -> Box<[u8]> {
    bytes[..length].into()
}

#[test]
fn a_truncated_frame_has_the_ports_of_the_whole_frame_or_none() {
    let environment = Environment::new();
    for frame in named::all() {
        let ports = |segment: Segment| (segment.transport, segment.source_port, segment.port);
        let whole = frame.expected.segment.map(ports);
        for length in 0..frame.bytes.len() {
            let found = environment.classify(&cut(&frame.bytes, length), frame.layer);
            if let Some(segment) = Answer::from(found).segment {
                assert_eq!(Some(ports(segment)), whole, "{} cut to {length}", frame.name);
            }
        }
    }
}

#[test]
fn a_truncated_frame_is_what_the_oracle_says() {
    let environment = Environment::new();
    for frame in named::all() {
        for length in 0..frame.bytes.len() {
            let bytes = cut(&frame.bytes, length);
            let found: Answer = environment.classify(&bytes, frame.layer).into();
            let expected = oracle::answer(&bytes, frame.layer);
            assert_eq!(found, expected, "{} cut to {length}", frame.name);
        }
    }
}

#[test]
fn a_whole_frame_with_padding_has_the_outcome_it_has_without() {
    let environment = Environment::new();
    let mut compared = 0;
    for frame in named::all() {
        let mut padded = frame.bytes.clone();
        padded.extend([0; 18]);
        // Padding may complete a frame that ends before its packet does, and a packet that names
        // no end takes all of it.
        let end = environment.classify(&frame.bytes, frame.layer).length;
        if end <= frame.bytes.len() {
            let found = environment.classify(&padded, frame.layer);
            assert_eq!(Answer::from(found), frame.expected, "{}", frame.name);
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} frames were compared");
}
