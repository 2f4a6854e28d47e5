//! What the tests of the classifier and of the kernel program share: the named frames, the host
//! they are sent to, an independent oracle, and a source of random frames.
//!
//! A test crate takes it in with `#[path = "../../tests/support/support.rs"] mod support;`. Nothing
//! here reads a file or the environment, so a static binary carries all of it into a VM.
#![allow(dead_code, reason = "each test crate uses a part")]

pub mod answer;
pub mod environment;
pub mod mutate;
pub mod named;
pub mod oracle;
pub mod random;
