//! Every named frame gets the outcome, the verdict and the ports that the table says.

use crate::support::{answer::Answer, environment::Environment, named, oracle};

#[test]
fn every_named_frame_has_the_expected_finding() {
    let environment = Environment::new();
    let mut wrong = Vec::new();
    for frame in named::all() {
        let found: Answer = environment.classify(&frame.bytes, frame.layer).into();
        if (found, found.verdict()) != (frame.expected, frame.verdict) {
            wrong.push(format!("{}: {found:?}, expected {:?}", frame.name, frame.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_oracle_agrees_with_the_table() {
    for frame in named::all() {
        let answer = oracle::answer(&frame.bytes, frame.layer);
        assert_eq!(answer, frame.expected, "{}", frame.name);
    }
}
