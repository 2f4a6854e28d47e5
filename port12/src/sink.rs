//! Where events and alerts go.
//!
//! [`Sinks`] is what a run holds: each of its sinks has a thread of its own behind a bounded queue, so
//! that whoever offers a record waits for no disk, no reader and no other sink.

mod counts;
mod error;
mod format;
mod outlet;
mod running;
mod set;
mod spec;
mod worker;

pub use crate::model::event::Record;
pub use counts::Counts;
pub use error::SinkError;
pub use format::{Format, line, of as format_of};
pub use running::{QUEUE, Sink};
pub use set::Sinks;
pub use spec::{Form, Level, SinkSpec, SpecError, Target};

/// Whether one of the sinks has standard output for itself.
pub fn has_stdout(specs: &[SinkSpec]) -> bool {
    specs.iter().any(|spec| spec.target == Target::Stdout)
}
