//! Outbound flow starts to watched ports, and their processes.
//!
//! A library without I/O or a clock. [`Contact`] is what the kernel program tells, [`Sender`](crate::who::Sender) who was found to be
//! behind it, and [`Register`] says what is to be told of it, and who was seen at each port.

mod contact;
mod register;

pub use crate::model::event::{Contact, Started};
pub use contact::Reading;
pub use register::{Owner, Owners, Place, Register};

/// Alerts in a minute, and at once: as many as of scans.
const PER_MINUTE: u32 = 60;

#[cfg(test)]
mod tests;
