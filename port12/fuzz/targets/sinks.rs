//! The specification of a sink is read, or refused; the written form of one that is read means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use port12::sink::SinkSpec;

fuzz_target!(|input: &str| {
    if let Ok(spec) = input.parse::<SinkSpec>() {
        let text = spec.to_string();
        assert_eq!(text.parse::<SinkSpec>().as_ref(), Ok(&spec), "{text}");
    }
});
