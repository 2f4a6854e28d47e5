//! An official registry file is read, or refused; what is watched is never what it lists as assigned.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use port12::registry::{Registry, State};
use port12_common::Transport;

fuzz_target!(|input: &[u8]| {
    let Ok(registry) = Registry::parse(Path::new("registry.csv"), input) else {
        return;
    };
    for transport in Transport::ALL {
        for port in registry.watched(transport).iter() {
            assert_eq!(registry.state(transport, port), State::Unassigned);
        }
    }
});
