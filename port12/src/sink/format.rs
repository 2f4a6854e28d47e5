//! The form in which a sink writes.

use crate::{event::Event, scan::Alert};

/// A form. Every record is written whole: a line with its end, a block.
pub trait Format: Send {
    /// What a file, or a stream to a new reader, begins with.
    fn begin(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// An event.
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);

    /// An alert. A form without alerts writes nothing.
    fn alert(&mut self, alert: &Alert, out: &mut Vec<u8>);
}
