//! Whether a knock reaches the stack.

use super::{
    Raw,
    addresses::BOTH,
    frame::{SOURCE_PORT, is_tcp, syn},
};

/// Sends a SYN to a port that nobody has, and tells whether the stack answers it. Frames keep their
/// order: once one to port 22 behind it is answered, no answer to it is coming.
pub fn reaches(far: &Raw, port: u16) -> bool {
    far.received();
    far.send(&syn(BOTH[0], port));
    far.send(&syn(BOTH[0], 22));
    let mut reached = false;
    far.receive("an answer", |frame| {
        reached |= is_tcp(frame, port, SOURCE_PORT);
        is_tcp(frame, 22, SOURCE_PORT)
    });
    reached
}
