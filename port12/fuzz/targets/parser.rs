//! A frame has the outcome that the independent oracle gives it.
#![no_main]

#[path = "../../../tests/support/support.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use port12_common::Layer;
use support::{answer::Answer, environment::Environment, oracle};

fuzz_target!(|input: &[u8]| {
    let Some((first, frame)) = input.split_first() else {
        return;
    };
    let layer = [Layer::Ethernet, Layer::Ip][usize::from(first & 1)];
    let found = Answer::from(Environment::new().classify(frame, layer));
    assert_eq!(found, oracle::answer(frame, layer));
});
