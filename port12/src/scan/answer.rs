//! Events about answers, which are no probes.

use port12_common::{Beginning, is_answer as looks_like_answer};

use crate::event::Probe;

/// Bytes of a UDP header.
const UDP_HEADER: usize = 8;

/// Whether an event is about an answer. Where too little of the frame is known, it is not.
pub fn is_answer(event: &Probe) -> bool {
    if !event.transport.is_datagram() {
        return false;
    }
    let Some((payload, length)) = payload(event) else {
        return false;
    };
    let Some(beginning) = payload.first_chunk::<12>() else {
        return false;
    };
    let word = |at| u16::from_ne_bytes([beginning[2 * at], beginning[2 * at + 1]]);
    looks_like_answer(event.source_port, Beginning::of(std::array::from_fn(word)), length)
}

/// UDP payload without padding, and its length.
fn payload(event: &Probe) -> Option<(&[u8], usize)> {
    let start = event.headers.payload?;
    let bytes = event.frame.get(start..)?;
    let length = event.frame.get(start.checked_sub(4)?..start.checked_sub(2)?)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let of_datagram = match event.transport.info().has_length {
        true => length.saturating_sub(UDP_HEADER),
        false => bytes.len(),
    };
    Some((&bytes[..bytes.len().min(of_datagram)], of_datagram))
}
