//! A policy file is accepted, or refused with a line; the written form of an accepted one means the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use port12::config::File;

fuzz_target!(|input: &[u8]| {
    match File::parse(Path::new("port12.toml"), input) {
        Ok(_) => {}
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty());
        }
    }
});
